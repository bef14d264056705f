// Debian's Chromium, and signing in in it.
import { existsSync } from 'node:fs'
import { chromium, type Page } from 'playwright-core'

const executablePath = ['/usr/bin/chromium', '/usr/local/bin/chromium'].find((path) => existsSync(path))
export const skip = executablePath ? false : 'chromium is not installed'

/** A browser to visit a console with. */
export const openBrowser = () =>
  chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/** Is there as soon as somebody is signed in. */
export const accountOf = (page: Page) => page.getByRole('button', { name: /^(Account|Cuenta): / })

/** Signs in with the keyboard, in any language. */
export async function enterAs(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.goto('/account/password')
  await page.locator('input[autocomplete="username"]').fill(email)
  await page.locator('input[type="password"]').fill(password)
  await page.keyboard.press('Enter')
  await accountOf(page).waitFor()
}
