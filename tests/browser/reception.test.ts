// A receptionist's day in Chromium: find, register, book, move, check in, by mouse and by keyboard, at a desk and on a telephone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { nextPerson } from '../hospital.ts'
import {
  assertAccessible,
  assertFits,
  bookedPatient,
  enter,
  type House,
  openHouse,
  type Size,
  skip,
  tabTo,
  type Visit,
} from './browser.ts'

/** Of the requirement: a new receptionist registers and books a patient with so many at the most. */
const mostInteractions = 12

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'staff')
    })
    after(() => visit?.close())

    it('somebody new is registered and booked with twelve interactions or fewer', async () => {
      const { page, click, fill } = visit
      const { first_name, last_name, date_of_birth } = nextPerson()
      const begun_with = visit.interactions()
      await fill(/^Find a patient/, `${first_name} ${last_name}`)
      await page.getByText('Nobody fits.').waitFor()
      await looksRight(visit, 'nobody found')
      await click('button', 'Register a new patient')
      await page.getByRole('heading', { name: 'Register a patient' }).waitFor()
      assert.equal(await page.getByLabel(/^First name/).inputValue(), first_name)
      await fill(/^Date of birth/, date_of_birth)
      await fill(/^Phone/, `(415) 556-${size === 'desk' ? '0101' : '0102'}`)
      await click('radio', 'Female')
      await page.getByText('Nobody like this is registered.').waitFor()
      await looksRight(visit, 'registration')
      await click('button', 'Register and book')
      await page.getByRole('heading', { name: 'Book an appointment' }).waitFor()
      await page.getByText(`for ${first_name} ${last_name}`).waitFor()
      const times = page.locator('button[aria-pressed]')
      await times.first().waitFor()
      await looksRight(visit, 'booking')
      await click('button', /Cardiology/)
      await looksRight(visit, 'a time is chosen')
      await click('button', 'Book')
      await page.getByRole('heading', { name: 'Booked' }).waitFor()
      await page.getByText(/^APT-\d{8}-\d{4}$/).waitFor()
      await looksRight(visit, 'booked')
      const used = visit.interactions() - begun_with
      assert.ok(used <= mostInteractions, `${used} interactions`)
    })

    it('whoever is registered already is shown while the form is typed, and before they are registered twice', async () => {
      const { page } = visit
      const known = nextPerson()
      const made = await house.administrator.ask('POST', '/api/v1/patients', known)
      assert.equal(made.status, 201)
      await page.goto('/patients/new')
      await page.getByLabel(/^First name/).fill(known.first_name)
      await page.getByLabel(/^Last name/).fill(known.last_name)
      await page.getByLabel(/^Date of birth/).fill(known.date_of_birth)
      const alike = page.getByRole('complementary', { name: 'Registered already?' })
      await alike.getByRole('link', { name: `${known.first_name} ${known.last_name}` }).waitFor()
      await page.getByLabel(/^Phone/).fill(known.phone_primary)
      await page.getByRole('radio', { name: 'Female' }).check()
      await page.getByRole('button', { name: 'Register', exact: true }).click()
      await page.getByText('This person is likely registered already.').waitFor()
      await looksRight(visit, 'registered already')
      await page.getByRole('button', { name: /^Register anyway/ }).click()
      await page.getByRole('heading', { name: 'Appointments' }).waitFor()
      await page.getByText('No appointment is booked.').waitFor()
      await looksRight(visit, 'patient without appointments')
    })

    it('what is missing or wrong is told at its field, in words for people', async () => {
      const { page } = visit
      await page.goto('/patients/new')
      await page.getByLabel(/^First name/).fill('Ana')
      await page.getByLabel(/^Phone/).fill('12')
      await page.getByRole('button', { name: 'Register', exact: true }).click()
      await page.getByRole('alert').waitFor()
      assert.equal(await page.getByLabel(/^Last name/).getAttribute('aria-invalid'), 'true')
      assert.equal(await page.getByLabel(/^First name/).getAttribute('aria-invalid'), null)
      // The first wrong field is where to go on.
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'last_name')
      await looksRight(visit, 'registration refused')
    })

    it('an appointment is moved, and its patient checked in, from the calendar', async () => {
      const { page } = visit
      const { appointment_time, id } = await bookedPatient(house.administrator)
      await page.goto(`/calendar?date=${appointment_time.slice(0, 10)}`)
      await page
        .getByRole('status')
        .filter({ hasText: /appointment/ })
        .waitFor()
      const shown =
        size === 'desk' ? page.locator(`[data-appointment="${id}"]`) : page.getByRole('main').getByRole('listitem')
      await shown.first().waitFor()
      await looksRight(visit, 'calendar')
      await shown.first().getByRole('button').or(shown.first()).first().click()
      const panel = page.getByRole('dialog', { name: 'Appointment' })
      await panel.getByRole('link', { name: 'Move' }).waitFor()
      await looksRight(visit, 'appointment opened')
      await panel.getByRole('link', { name: 'Move' }).click()
      await page.getByRole('heading', { name: 'Move the appointment' }).waitFor()
      const time = page.locator('button[aria-pressed]').nth(2)
      await time.click()
      await page.getByRole('button', { name: 'Move to this time' }).click()
      await page.getByRole('heading', { name: 'Moved' }).waitFor()
      await page.getByRole('link', { name: 'To the patient' }).click()
      await page
        .getByRole('button', { name: /Booked/ })
        .first()
        .click()
      await page.getByRole('dialog').getByRole('button', { name: 'Check in' }).click()
      await page.getByRole('dialog').getByText('Checked in', { exact: true }).waitFor()
      await looksRight(visit, 'checked in')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await looksRight(visit, 'patient with an appointment')
    })

    it('a long name breaks and widens nothing', async () => {
      const { page } = visit
      const last_name = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(2)
      const { patient_id } = await bookedPatient(house.administrator, { first_name: 'A'.repeat(60), last_name })
      await page.goto(`/patients/${patient_id}`)
      await page.getByRole('heading', { name: last_name }).waitFor()
      await looksRight(visit, 'long name')
      await page.goto('/')
      await page.getByLabel(/^Find a patient/).fill(last_name.slice(0, 20))
      await page.getByRole('link', { name: last_name }).first().waitFor()
      await looksRight(visit, 'long name found')
    })

    it('a record that is nobody’s says so', async () => {
      await visit.page.goto('/patients/019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11')
      await visit.page.getByRole('alert').waitFor()
      await looksRight(visit, 'no such patient')
    })
  })
}

describe('by the keyboard alone', { skip }, () => {
  let visit: Visit
  before(async () => {
    visit = await house.visit('desk')
    await enter(house, visit, 'staff')
  })
  after(() => visit?.close())

  it('arrows lead through the calendar, and one appointment of it is in the order of Tab', async () => {
    const { page } = visit
    const { appointment_time } = await bookedPatient(house.administrator)
    await bookedPatient(house.administrator)
    await page.goto(`/calendar?date=${appointment_time.slice(0, 10)}`)
    await page.locator('[data-appointment]').nth(1).waitFor()
    assert.equal(await page.locator('[data-appointment][tabindex="0"]').count(), 1)
    await tabTo(visit, '[data-appointment]')
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset['appointment'])
    const first = await focused()
    // The focus follows what is drawn, which a busy machine draws later.
    const isBack = () => page.locator(`[data-appointment="${first}"]:focus`).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.locator(`[data-appointment]:not([data-appointment="${first}"]):focus`).waitFor()
    await page.keyboard.press('ArrowUp')
    await isBack()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Appointment' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await isBack()
  })
})
