// What somebody else changes is seen at once, in another window, without a touch; and following is no work of a person.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  bookedPatient,
  type House,
  assertAccessible,
  assertFits,
  enter,
  openHouse,
  skip,
  type Visit,
} from './browser.ts'

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

const isStream = (request: { url(): string }) => new URL(request.url()).pathname === '/api/v1/events'
const notLive = /^Changes of others do not come through/

describe('two windows', { skip }, () => {
  let visit: Visit
  let other: Visit
  before(async () => {
    ;[visit, other] = await Promise.all([house.visit('desk'), house.visit('telephone')])
    await enter(house, visit, 'staff')
    await enter(house, other, 'staff')
  })
  after(async () => {
    await visit?.close()
    await other?.close()
  })

  it('show the same: what one books, moves and checks in stands in the other', async () => {
    const first = await bookedPatient(house.administrator)
    const date = first.appointment_time.slice(0, 10)
    await visit.page.goto(`/calendar?date=${date}`)
    await visit.page.locator(`[data-appointment="${first.id}"]`).waitFor()
    await other.page.goto(`/patients/${first.patient_id}`)
    await other.page.getByRole('button', { name: /Booked/ }).waitFor()

    const second = await bookedPatient(house.administrator)
    await visit.page.locator(`[data-appointment="${second.id}"]`).waitFor()

    await visit.page.locator(`[data-appointment="${first.id}"]`).click()
    await visit.page.getByRole('dialog').getByRole('button', { name: 'Check in' }).click()
    await other.page.getByRole('button', { name: /Checked in/ }).waitFor()

    const { administrator } = house
    const body = { first_name: 'Renamed' }
    const headers = { 'content-type': 'application/merge-patch+json' }
    const renamed = await administrator.ask('PATCH', `/api/v1/patients/${first.patient_id}`, body, headers)
    assert.equal(renamed.status, 200, renamed.text)
    await other.page.getByRole('heading', { name: /Renamed/ }).waitFor()
  })
})

describe('following', { skip }, () => {
  let visit: Visit
  before(async () => {
    visit = await house.visit('desk')
  })
  after(() => visit?.close())

  it('is no activity, is said to be broken when it is, catches up, and ends with the session', async () => {
    const { page } = visit
    await page.clock.install()
    await enter(house, visit, 'staff')
    const first = await bookedPatient(house.administrator)
    const day = `/calendar?date=${first.appointment_time.slice(0, 10)}`
    await page.goto(day)
    await page.locator(`[data-appointment="${first.id}"]`).waitFor()

    // Nobody is at the page: what it reads does not keep the session awake.
    await page.clock.fastForward(20_000)
    const read = page.waitForRequest((request) => new URL(request.url()).pathname === '/api/v1/appointments')
    const second = await bookedPatient(house.administrator)
    assert.equal((await read).headers()['x-openward-unattended'], '1')
    await page.locator(`[data-appointment="${second.id}"]`).waitFor()

    await page.route('**/api/v1/events', (route) => route.abort())
    await page.goto(day)
    await page.locator(`[data-appointment="${second.id}"]`).waitFor()
    await page.clock.fastForward(6000)
    await page.getByText(notLive).waitFor()
    await assertAccessible(page, 'not live')
    await assertFits(page, 'not live')
    const third = await bookedPatient(house.administrator)
    await page.unroute('**/api/v1/events')
    const stream = page.waitForRequest(isStream)
    await page.clock.fastForward(31_000)
    await stream
    await page.locator(`[data-appointment="${third.id}"]`).waitFor()
    await page.getByText(notLive).waitFor({ state: 'detached' })

    const ended = Promise.race([
      page.waitForEvent('requestfailed', isStream),
      page.waitForEvent('requestfinished', isStream),
    ])
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await ended
  })
})
