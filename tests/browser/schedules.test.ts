// The hours of doctors in Chromium: an administrator gives one a profile, hours and time off; a doctor looks after their own.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { signIn } from '../caller.ts'
import { createColleague, createDoctor, expectStatus, nextPerson } from '../hospital.ts'
import {
  accountOf,
  assertAccessible,
  assertFits,
  enter,
  type House,
  openHouse,
  type Size,
  skip,
  submitSignIn,
  type Visit,
} from './browser.ts'

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
  describe(`an administrator at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'admin')
    })
    after(() => visit?.close())

    it('gives an account its profile, hours on two days, and takes back one of them', async () => {
      const { page } = visit
      const colleague = await createColleague(house.administrator, 'doctor', house.department_id)
      await page.goto('/schedules')
      await page.getByRole('list', { name: 'Doctors' }).getByRole('link').first().waitFor()
      await looksRight(visit, 'doctors with hours')
      await page.getByRole('button', { name: 'Give a doctor a profile' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Account').selectOption({ label: `Robin Tested, ${colleague.email}` })
      await dialog.getByLabel('License number').fill(`L-${size}`)
      await dialog.getByRole('button', { name: 'Make the profile' }).click()
      await dialog.locator('[aria-invalid="true"]').first().waitFor()
      await looksRight(visit, 'a profile refused')
      await dialog.getByLabel('Specialization').fill(`Urology ${size}`)
      await dialog.getByLabel('Where').fill('Main building')
      await dialog.getByRole('button', { name: 'Make the profile' }).click()
      await page.getByText(/^No hours of its own/).waitFor()
      await looksRight(visit, 'a doctor without hours')

      await page.getByRole('button', { name: 'Add hours' }).click()
      const hours = page.getByRole('dialog', { name: 'Add hours' })
      await hours.getByRole('checkbox', { name: 'Monday' }).check()
      await hours.getByRole('checkbox', { name: 'Thursday' }).check()
      await hours.getByLabel('Until', { exact: true }).fill('08:00')
      await hours.getByRole('button', { name: 'Add hours' }).click()
      await hours.locator('[aria-invalid="true"]').waitFor()
      await looksRight(visit, 'hours refused')
      await hours.getByLabel('Until', { exact: true }).fill('12:00')
      await hours.getByRole('button', { name: 'Add hours' }).click()
      await hours.waitFor({ state: 'detached' })
      const week = page.getByRole('list', { name: 'Week' })
      await week.getByText('Thursday 09:00–12:00').waitFor()
      await looksRight(visit, 'hours')
      await week.getByRole('button', { name: 'Remove Monday 09:00–12:00' }).click()
      await week.getByText('Monday 09:00–12:00').waitFor({ state: 'detached' })
      assert.equal(await week.getByRole('listitem').count(), 1)
    })

    it('takes a day off over an appointment, which is named before it is cancelled', async () => {
      const { page } = visit
      const { administrator, department_id } = house
      const { doctor_id } = await createDoctor(administrator, { specialization: 'Pathology', department_id })
      const registered = await administrator.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
      const { id: patient_id } = expectStatus(201, registered) as { id: string }
      const day = Temporal.Now.plainDateISO('UTC').add({ days: 3 }).toString()
      const free = await administrator.ask('GET', `/api/v1/doctors/${doctor_id}/slots?from=${day}&to=${day}`)
      const appointment_time = (expectStatus(200, free) as { items: { start: string }[] }).items[4]?.start
      const booked = await administrator.ask('POST', '/api/v1/appointments', {
        doctor_id,
        patient_id,
        appointment_time,
      })
      const { id, confirmation_code } = expectStatus(201, booked) as { id: string; confirmation_code: string }
      await page.goto(`/schedules/${doctor_id}`)
      await page.getByText('No time off is planned.').waitFor()
      await page.getByRole('button', { name: 'Take time off' }).click()
      const dialog = page.getByRole('dialog', { name: 'Take time off' })
      await dialog.getByLabel('First day').fill(day)
      await dialog.getByLabel('Reason').fill('Congress')
      await dialog.getByRole('button', { name: 'Take time off' }).click()
      await dialog.getByText('1 patient is expected at that time.').waitFor()
      await dialog.getByText(confirmation_code).waitFor()
      await looksRight(visit, 'time off over an appointment')
      await dialog.getByRole('checkbox', { name: /^Cancel their appointments/ }).focus()
      await page.keyboard.press('Space')
      await dialog.getByRole('button', { name: 'Take time off' }).click()
      await page.getByText('The time is taken off, and 1 appointment cancelled.').waitFor()
      await looksRight(visit, 'time off')
      const now = expectStatus(200, await administrator.ask('GET', `/api/v1/appointments/${id}`))
      assert.equal((now as { status: string }).status, 'cancelled')
      await page.getByRole('button', { name: /^Take it back/ }).click()
      await page.getByText('No time off is planned.').waitFor()
    })
  })
}

describe('a doctor', { skip }, () => {
  it('finds their own hours on their first page, and changes their profile, but not their department', async () => {
    const { administrator, department_id, server } = house
    const doctor = await createDoctor(administrator, { specialization: 'Oncology', department_id })
    const visit = await house.visit('desk')
    const { page } = visit
    await page.goto('/')
    await submitSignIn(page, doctor)
    await accountOf(page).waitFor()
    await page.getByRole('link', { name: 'My hours and time off' }).click()
    await page.getByLabel('About the doctor').fill('Speaks slowly')
    assert.equal(await page.getByLabel('Department').count(), 0)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await looksRight(visit, 'own profile')
    const caller = await signIn(server.port, doctor)
    const kept = expectStatus(200, await caller.ask('GET', '/api/v1/doctors/profile')) as Record<string, unknown>
    assert.deepEqual([kept['bio'], kept['department_id'], kept['is_active']], ['Speaks slowly', department_id, true])
    await visit.close()
  })
})
