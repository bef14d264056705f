// SE-05, SE-10: the session of a browser: what it keeps, what it does not, and how it ends.
import assert from 'node:assert/strict'
import { after, before, beforeEach, afterEach, describe, it } from 'node:test'
import { signIn } from '../caller.ts'
import { createColleague } from '../hospital.ts'
import {
  accountOf,
  assertAccessible,
  assertFits,
  enter,
  type House,
  openHouse,
  skip,
  submitSignIn,
  type Visit,
} from './browser.ts'

let house: House
let visit: Visit
before(async () => {
  if (!skip) house = await openHouse({ OPENWARD_IDLE_MINUTES: '5' })
})
after(() => house?.close())
afterEach(() => visit?.close())

const look = async (state: string) => {
  await assertAccessible(visit.page, state)
  await assertFits(visit.page, state)
}
const heading = (name: string) => visit.page.getByRole('heading', { name }).waitFor()

/** The next request of this address is answered as one with an access token whose time is over. */
const runOut = (page: Visit['page'], url: string) =>
  page.route(url, (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: ended }), {
    times: 1,
  })
const ended = JSON.stringify({ type: '/problems/unauthenticated', title: '', status: 401, code: 'unauthenticated' })

describe('the session of a browser', { skip }, () => {
  beforeEach(async () => {
    visit = await house.visit('desk')
  })

  it('is a cookie that no script reads; no storage holds a secret, and a reload goes on with it', async () => {
    const { page, context } = visit
    await enter(house, visit, 'staff')
    const cookie = (await context.cookies()).find(({ name }) => name === '__Host-openward-refresh')
    assert.deepEqual(
      cookie && { httpOnly: cookie.httpOnly, secure: cookie.secure, sameSite: cookie.sameSite, path: cookie.path },
      { httpOnly: true, secure: true, sameSite: 'Strict', path: '/' },
    )
    const kept = await page.evaluate(async () => ({
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      databases: (await indexedDB.databases()).length,
      cookie: document.cookie,
    }))
    assert.deepEqual({ ...kept, cookie: '' }, { local: [], session: [], databases: 0, cookie: '' })
    assert.match(decodeURIComponent(kept.cookie), /^openward-preferences=\{[^}]*\}$/)
    assert.doesNotMatch(kept.cookie, /ow[a-z]_|eyJ/)
    await page.reload()
    await accountOf(page).waitFor()
  })

  it('ends at the server when one signs out, for another window too, and the cookie with it', async () => {
    const { page, context } = visit
    await enter(house, visit, 'staff')
    const other = await context.newPage()
    await other.goto('/')
    await accountOf(other).waitFor()
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/auth/logout'))
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    const headers = await (await answered).allHeaders()
    assert.match(headers['clear-site-data'] ?? '', /"storage"/)
    await heading('Sign in')
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(
      (await context.cookies()).find(({ name }) => name.startsWith('__Host-')),
      undefined,
    )
    await page.reload()
    await heading('Sign in')
  })

  it('ends at the server also with an access token that has run out', async () => {
    const { page, context } = visit
    await enter(house, visit, 'staff')
    await runOut(page, '**/auth/logout')
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await heading('Sign in')
    assert.equal(
      (await context.cookies()).find(({ name }) => name.startsWith('__Host-')),
      undefined,
    )
  })

  it('that could not be ended at the server is said to stand there, until it was', async () => {
    const { page, context } = visit
    await enter(house, visit, 'staff')
    await page.route('**/auth/logout', (route) => route.abort())
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await heading('Sign in')
    await page.getByText(/^You are signed out on this page, but the server could not be reached/).waitFor()
    await look('signed out, and the server does not know')
    await page.unroute('**/auth/logout')
    await page.getByRole('button', { name: 'Tell the server again' }).click()
    await page.getByText(/^You are signed out on this page/).waitFor({ state: 'detached' })
    assert.equal(
      (await context.cookies()).find(({ name }) => name.startsWith('__Host-')),
      undefined,
    )
  })

  it('goes on while somebody types, though their access token has run out meanwhile', async () => {
    const { page } = visit
    await page.clock.install()
    await enter(house, visit, 'staff')
    await page.goto('/patients/new')
    await heading('Register a patient')
    await runOut(page, '**/auth/me')
    await page.clock.fastForward('01:30')
    const told = page.waitForResponse((answer) => answer.url().endsWith('/auth/me') && answer.status() === 200)
    await page.getByLabel(/^First name/).press('A')
    await told
  })

  it('is kept by an answer to the warning in any window, and said not to be where the server did not hear it', async () => {
    const { page, context } = visit
    await page.clock.install()
    await enter(house, visit, 'staff')
    const other = await context.newPage()
    await other.goto('/')
    await accountOf(other).waitFor()
    await page.clock.fastForward('04:00')
    const warning = (of: typeof page) => of.getByRole('dialog', { name: 'Are you still there?' })
    await warning(page).waitFor()
    await warning(other).waitFor()
    await page.route('**/auth/me', (route) => route.abort())
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await warning(page).getByRole('alert').waitFor()
    await look('the warning, and no way to the server')
    await page.unroute('**/auth/me')
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await warning(page).waitFor({ state: 'detached' })
    await warning(other).waitFor({ state: 'detached' })
  })

  it('ends after a warning when nobody is there; what was typed is found again by its author, and by nobody else', async () => {
    const { page } = visit
    await page.clock.install()
    const author = await enter(house, visit, 'staff')
    await page.goto('/patients/new')
    await page.getByLabel(/^First name/).fill('Halfway')
    await page.clock.fastForward('04:00')
    await page.getByRole('dialog', { name: 'Are you still there?' }).waitFor()
    await look('warning')
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.clock.fastForward('04:00')
    await page.getByRole('dialog', { name: 'Are you still there?' }).waitFor()
    await page.clock.fastForward('01:30')
    await page.getByText(/^You were signed out because nobody used this page/).waitFor()
    await look('signed out for want of activity')
    assert.equal(await page.getByText('Halfway').count(), 0)
    await submitSignIn(page, author)
    await heading('Register a patient')
    assert.equal(await page.getByLabel(/^First name/).inputValue(), 'Halfway')

    await page.clock.fastForward('05:30')
    await page.getByText(/^You were signed out because nobody used this page/).waitFor()
    await submitSignIn(page, await createColleague(house.administrator, 'staff'))
    await heading('Register a patient')
    assert.equal(await page.getByLabel(/^First name/).inputValue(), '')
  })

  it('that was ended elsewhere leads to the sign-in by itself, and back', async () => {
    const { page } = visit
    const author = await enter(house, visit, 'staff')
    await (await signIn(house.server.port, author)).ask('POST', '/api/v1/auth/logout-all')
    await page.getByText(/^Your session has ended/).waitFor()
    await submitSignIn(page, author)
    await heading('Reception')
  })

  it('is shown with its latest attempts, and another one is ended after proving who one is', async () => {
    const { page } = visit
    await enter(house, visit, 'staff')
    await page.goto('/account/sessions')
    await page.getByRole('button', { name: 'End it' }).first().waitFor()
    await look('sessions')
    await page.getByRole('button', { name: 'End it' }).first().click()
    await page.getByRole('button', { name: 'End it' }).waitFor({ state: 'detached' })
  })

  it('cannot be refreshed by a page of somebody else', async () => {
    const { context } = visit
    await enter(house, visit, 'staff')
    const foreign = await context.newPage()
    // Another site on this machine: other origin, same cookie jar.
    await foreign.route('http://evil.test/*', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${house.url}/api/v1/auth/refresh"><button>Win</button></form>`,
      }),
    )
    await foreign.goto('http://evil.test/')
    const answered = foreign.waitForResponse((answer) => answer.url().endsWith('/auth/refresh'))
    await foreign.getByRole('button').click()
    assert.equal((await answered).status(), 403)
  })
})
