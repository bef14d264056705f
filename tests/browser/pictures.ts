// The pictures of the console in docs/images, taken of the demo hospital: `node_modules/node/bin/node tests/browser/pictures.ts`.
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { ensureConsole } from '../../bin/console.mjs'
import { signIn } from '../caller.ts'
import { root } from '../documentation/blocks.ts'
import { createColleague } from '../hospital.ts'
import { runOpenward, startServer, stopServer, temporaryDirectory } from '../processes.ts'
import { submitSignIn } from './browser.ts'
import { takeDoctor } from './doctor-pictures.ts'

const size = { width: 1120, height: 700 }

ensureConsole(root, process.execPath)
const directory = temporaryDirectory()
const server = await startServer({ data_directory: directory.path })
const filled = await runOpenward({ data_directory: directory.path }, 'demo')
if (filled.code !== 0) throw new Error(filled.output)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const colleague = await createColleague(await signIn(server.port), 'staff')
  const context = await browser.newContext({
    baseURL: `http://localhost:${server.port}`,
    viewport: size,
    locale: 'en-US',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  await page.goto('/')
  await submitSignIn(page, colleague)
  await page.getByLabel(/^Find a patient/).fill('fonsec')
  await page.getByText(/people found/).waitFor()
  await take(page, 'reception')

  await page
    .getByRole('link', { name: /^Book an appointment for/ })
    .nth(1)
    .click()
  await page.locator('button[aria-pressed]').nth(5).click()
  await take(page, 'booking')

  await page.goto('/patients/new')
  await page.getByLabel(/^First name/).fill('Maria')
  await page.getByLabel(/^Last name/).fill('Fonseca')
  await page.getByRole('complementary').getByRole('listitem').first().waitFor()
  await take(page, 'registration')

  await page.goto(`/calendar?date=${nextMonday()}`)
  await page.locator('[data-appointment]').first().waitFor()
  await take(page, 'calendar')

  await takeDoctor(browser, `http://localhost:${server.port}`, await signIn(server.port), take)
} finally {
  await browser.close()
  await stopServer(server)
  await directory.remove()
}

async function take(page: Page, name: string) {
  // Names come a moment after the times, and nothing tells when the last is there: the stream of events is never over.
  await page.waitForTimeout(700)
  await page.screenshot({ path: join(root, 'docs/images', `console-${name}.png`) })
}

function nextMonday(): string {
  const today = Temporal.Now.plainDateISO('UTC')
  return today.add({ days: 8 - today.dayOfWeek }).toString()
}
