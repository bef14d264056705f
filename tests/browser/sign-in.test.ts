// Signing in through the page: refused and let in, the second step, mailed links. What becomes of the session is in session.test.ts.
import assert from 'node:assert/strict'
import { after, before, beforeEach, afterEach, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import { createColleague } from '../hospital.ts'
import {
  accountOf,
  assertAccessible,
  assertFits,
  type House,
  openHouse,
  type Size,
  skip,
  submitSignIn,
  type Visit,
} from './browser.ts'

let house: House
let visit: Visit
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())
afterEach(() => visit?.close())

const look = async (state: string) => {
  await assertAccessible(visit.page, state)
  await assertFits(visit.page, state)
}
const codeOf = (secret: string) => new TOTP({ secret }).generate()
const heading = (name: string) => visit.page.getByRole('heading', { name }).waitFor()

/** The link of the newest mail to somebody. */
async function mailedLink(email: string): Promise<string> {
  const { text } = await house.administrator.ask('GET', '/api/v1/mails?limit=20')
  const { items } = JSON.parse(text) as { items: { to: string; text: string }[] }
  const link = /http:\S+#\S+/.exec(items.find(({ to }) => to === email)?.text ?? '')?.[0]
  assert.ok(link, `no link was mailed to ${email}`)
  return new URL(link).pathname + new URL(link).hash
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`signing in, ${size}`, { skip }, () => {
    beforeEach(async () => {
      visit = await house.visit(size)
    })

    it('is refused in words, and then succeeds', async () => {
      const { page } = visit
      const { email, password } = await createColleague(house.administrator, 'staff', house.department_id)
      await page.goto('/calendar')
      await heading('Sign in')
      await look('sign-in')
      await submitSignIn(page, { email, password: 'not this one at all' })
      await page.getByText('User name or password are not right').waitFor()
      await look('sign-in refused')
      await submitSignIn(page, { email, password })
      // At the address that was asked for.
      await heading('Calendar')
      await page.getByRole('button', { name: /^Account/ }).click()
      await page.getByText(email).waitFor()
      await look('account')
    })

    it('asks for an own password where the first one was made for somebody', async () => {
      const { page } = visit
      await page.goto('/forgot-password')
      await heading('Forgotten your password?')
      await look('forgotten password')
      const { email } = await createColleague(house.administrator, 'nurse', house.department_id)
      await page.getByLabel('Email').fill(email)
      await page.getByRole('button', { name: 'Send the link' }).click()
      await page.getByText(/a link is on its way/).waitFor()
      await look('link sent')
      await page.goto(await mailedLink(email))
      await heading('Choose a new password')
      assert.equal(await page.evaluate(() => location.hash), '', 'the secret stays in the address')
      await page.getByLabel('New password', { exact: true }).fill('short')
      await page.getByRole('button', { name: 'Set the password' }).click()
      await page.getByText(/needs 15 characters/).waitFor()
      assert.equal(await page.getByLabel('New password', { exact: true }).getAttribute('aria-invalid'), 'true')
      await look('password refused')
      await page.getByLabel('New password', { exact: true }).fill('orchid tunnel basket 93')
      await page.getByRole('button', { name: 'Set the password' }).click()
      await page.getByText('Your password is set.').waitFor()
      await page.getByRole('link', { name: 'Sign in' }).click()
      await submitSignIn(page, { email, password: 'orchid tunnel basket 93' })
      await accountOf(page).waitFor()
    })
  })
}

describe('signing in', { skip }, () => {
  beforeEach(async () => {
    visit = await house.visit('desk')
  })

  it('by invitation begins with choosing a password', async () => {
    const { page } = visit
    const email = 'invited@example.org'
    const made = await house.administrator.ask('POST', '/api/v1/users', {
      email,
      first_name: 'Ida',
      last_name: 'Invited',
      role: 'staff',
    })
    assert.equal(made.status, 201, made.text)
    await page.goto(await mailedLink(email))
    await heading('Welcome to OpenWard')
    await look('invitation')
    await page.getByLabel('New password', { exact: true }).fill('orchid tunnel basket 94')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByText('Your password is set.').waitFor()
  })

  it('asks for the code of whoever has a second step', async () => {
    const { page } = visit
    const colleague = await createColleague(house.administrator, 'staff')
    const enrolled = await colleague.caller.ask('POST', '/api/v1/auth/mfa/enroll')
    const { secret } = JSON.parse(enrolled.text) as { secret: string }
    const confirmed = await colleague.caller.ask('POST', '/api/v1/auth/mfa/confirm', { code: codeOf(secret) })
    const { recovery_codes } = JSON.parse(confirmed.text) as { recovery_codes: string[] }
    await page.goto('/')
    await submitSignIn(page, colleague)
    await heading('Second step')
    await look('second step')
    await page.getByLabel('Code', { exact: true }).fill('000000')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText(/^The code is not right/).waitFor()
    // The code of this half minute was spent by setting it up.
    await page.getByLabel('Code', { exact: true }).fill(String(recovery_codes[0]))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await accountOf(page).waitFor()
  })

  it('sets up the second step that a role asks for', async () => {
    const { page } = visit
    const role = await house.administrator.ask('PUT', '/api/v1/roles/careful', {
      permissions: ['patients:find', 'patients:read'],
      mfa: 'required',
    })
    assert.equal(role.status, 200, role.text)
    const account = { email: 'careful@example.org', password: 'orchid tunnel basket 95' }
    const body = { ...account, first_name: 'Cara', last_name: 'Careful', role: 'careful' }
    assert.equal((await house.administrator.ask('POST', '/api/v1/users', body)).status, 201)
    await page.goto('/')
    await submitSignIn(page, account)
    await heading('Set up your second step')
    const secret = await page.locator('code, pre').first().innerText()
    await look('setting up the second step')
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret.trim()))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await heading('Your recovery codes')
    await look('recovery codes')
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await accountOf(page)
      .or(page.getByRole('heading', { name: 'Change my password' }))
      .first()
      .waitFor()
  })
})
