// What a patient was told of an appointment, and that their medicines were handed out, in Chromium.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createDoctor, expectStatus, nextPerson } from '../hospital.ts'
import { until } from '../processes.ts'
import {
  assertAccessible,
  assertFits,
  bookedPatient,
  enter,
  type House,
  openHouse,
  type Size,
  skip,
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

/** Of a patient who is here, signed. */
async function signedPrescription(): Promise<string> {
  const { administrator, department_id } = house
  const doctor = await createDoctor(administrator, { department_id })
  const registered = await administrator.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
  const { id: patient_id } = expectStatus(201, registered) as { id: string }
  const visited = { patient_id, department_id, doctor_id: doctor.doctor_id }
  const { id: visit_id } = expectStatus(201, await administrator.ask('POST', '/api/v1/visits', visited)) as {
    id: string
  }
  const medicines = [
    {
      name: 'Paracetamol',
      dosage: '500 mg',
      route: 'oral',
      frequency: 'every 8 hours',
      duration_days: 5,
      quantity: 15,
    },
  ]
  const drafted = await doctor.caller.ask('POST', '/api/v1/prescriptions', { patient_id, visit_id, medicines })
  const { id } = expectStatus(201, drafted) as { id: string }
  expectStatus(200, await doctor.caller.ask('POST', `/api/v1/prescriptions/${id}/sign`, {}))
  return id
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    it('a nurse hands out what was prescribed, once, by the keyboard alone', async () => {
      const id = await signedPrescription()
      const visit = await house.visit(size)
      const { page } = visit
      await enter(house, visit, 'nurse')
      await page.goto(`/prescriptions/${id}`)
      await page.getByRole('button', { name: 'Hand it out' }).focus()
      await page.keyboard.press('Enter')
      await page.getByText('Were the medicines handed out?', { exact: false }).waitFor()
      await looksRight(visit, 'handing out')
      await page.getByRole('button', { name: 'Yes, they were' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Hand it out' }).waitFor({ state: 'detached' })
      await looksRight(visit, 'handed out')
      const now = expectStatus(200, await house.administrator.ask('GET', `/api/v1/prescriptions/${id}`))
      assert.equal((now as { status: string }).status, 'dispensed')
      await visit.close()
    })

    it('the reception sees that no mail reached a patient', async () => {
      const { id, patient_id } = await bookedPatient(house.administrator)
      const url = `/api/v1/appointments/${id}/notices`
      const told = async () =>
        (expectStatus(200, await house.administrator.ask('GET', url)) as { items: unknown[] }).items.length
      await until('it is tried to tell the patient', async () => (await told()) > 0)
      const visit = await house.visit(size, { scheme: 'dark' })
      const { page } = visit
      await enter(house, visit, 'staff')
      await page.goto(`/patients/${patient_id}`)
      await page.getByRole('button', { name: /Booked/ }).click()
      const panel = page.getByRole('dialog', { name: 'Appointment' })
      await panel.getByRole('button', { name: 'What the patient was told' }).click()
      await panel.getByText('Not sent: no e-mail address is known. Call them').waitFor()
      await looksRight(visit, 'what a patient was told')
      await visit.close()
    })
  })
}
