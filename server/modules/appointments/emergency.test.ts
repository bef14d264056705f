// Appointments and emergency access: every use is marked, and it opens one record, never a list of many.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi } from './appointment.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

describe('appointments under emergency access', () => {
  it('are marked when that is why they are shown, and are on no list but that of the patient', async () => {
    const department_id = await api.department()
    const [nurse, doctor] = [await api.person('nurse', { department_id }), await api.person('doctor', { doctor: true })]
    const colleague = await api.person('doctor', { doctor: true, department_id })
    const [patient_id, known_id] = [await makePatient(api), await makePatient(api)]
    const book = (patient: string, { doctor_id = '' }: Person, time: string) =>
      staff.call(appointmentApi.book, { body: { patient_id: patient, doctor_id, appointment_time: mondayAt(time) } })
    const hidden = await book(patient_id, doctor, '09:00')
    const usual = await book(known_id, colleague, '09:00')
    for (const id of [patient_id, known_id])
      await nurse.call(emergencyAccessApi.open_emergency_access, {
        params: { patient_id: id },
        body: { reason: 'Unconscious' },
      })

    const { items } = await nurse.call(appointmentApi.list, { query: {} })
    assert.deepEqual(
      items.map(({ id }) => id),
      [usual.id],
    )
    for (const { id, patient_id: of } of [hidden, usual]) {
      const params = { appointment_id: id }
      await nurse.call(appointmentApi.get, { params })
      await nurse.call(appointmentApi.history, { params })
      assert.equal((await nurse.call(appointmentApi.listOfPatient, { params: { patient_id: of }, query: {} })).total, 1)
      assert.equal((await nurse.call(appointmentApi.list, { query: { patient_id: of } })).total, 1)
    }
    const purposes = (id: string) =>
      api.rows<{ purpose: string | null }>(sql`
      select purpose from audit_logs where patient_id = ${id} and user_id = ${nurse.user_id} and resource_type = 'appointment'`)
    assert.deepEqual(
      (await purposes(patient_id)).map(({ purpose }) => purpose),
      ['BTG', 'BTG', 'BTG', 'BTG'],
    )
    assert.deepEqual(
      (await purposes(known_id)).map(({ purpose }) => purpose),
      [null, null, null, null],
    )
  })
})
