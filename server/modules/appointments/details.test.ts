import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi, invalidTransition } from './appointment.contract.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'

let api: TestApi
let staff: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  doctor = await api.person('doctor', { doctor: true })
})
after(() => api[Symbol.asyncDispose]())

let hour = 8
async function booked(patient_id?: string): Promise<Appointment> {
  hour += 1
  const appointment_time = mondayAt(`${String(hour).padStart(2, '0')}:00`)
  const body = {
    doctor_id: doctor.doctor_id ?? '',
    patient_id: patient_id ?? (await makePatient(api)),
    appointment_time,
  }
  return staff.call(appointmentApi.book, { body: { ...body, reason: 'canary-cough', notes: 'canary-fasting' } })
}
const on = ({ id }: Appointment) => ({ params: { appointment_id: id } })
const entriesOf = ({ id }: Appointment) =>
  api.rows<{ details: unknown; sealed: boolean; text: string }>(
    sql`select details, sealed_changes is not null as sealed, a::text as text from audit_logs a
         where resource_id = ${id} and action = 'appointment.change'`,
  )

describe('what is noted of an appointment', () => {
  it('is changed member by member, is sealed, and is on the log by the names of its members', async () => {
    const first = await booked()
    const changed = await staff.call(appointmentApi.changeDetails, {
      ...on(first),
      body: { priority: 'urgent', notes: 'canary-interpreter' },
    })
    const { updated_at } = changed
    assert.deepEqual(changed, { ...first, priority: 'urgent', notes: 'canary-interpreter', version: 2, updated_at })
    assert.deepEqual(await staff.call(appointmentApi.get, on(first)), changed)
    const [entry] = await entriesOf(first)
    assert.deepEqual([entry?.details, entry?.sealed], [{ fields: ['priority', 'notes'] }, true])
    const [row] = await api.rows<{ text: string }>(
      sql`select a::text as text from appointments a where id = ${first.id}`,
    )
    assert.ok(row && entry && !`${row.text}${entry.text}`.includes('canary'))
  })

  it('is taken away by null, and left alone by what says nothing new', async () => {
    const first = await booked()
    const cleared = await staff.call(appointmentApi.changeDetails, {
      ...on(first),
      body: { reason: null, notes: null },
    })
    assert.deepEqual([cleared.reason, cleared.notes, cleared.version], [null, null, 2])
    const same = await staff.call(appointmentApi.changeDetails, {
      ...on(first),
      body: { reason: null, kind: first.kind },
    })
    assert.equal(same.version, 2)
    assert.equal((await entriesOf(first)).length, 1)
  })

  it('is changed by patients but for kind and priority', async () => {
    const patient_id = await makePatient(api)
    const patient = await api.person('patient', { patient_id })
    const own = await booked(patient_id)
    const changed = await patient.call(appointmentApi.changeDetails, {
      ...on(own),
      body: { notes: 'I bring a friend' },
    })
    assert.equal(changed.notes, 'I bring a friend')
    await assert.rejects(
      patient.call(appointmentApi.changeDetails, { ...on(own), body: { priority: 'urgent' } }),
      refusedWith(forbidden),
    )
    assert.equal((await staff.call(appointmentApi.get, on(own))).priority, 'routine')
  })

  it('keeps its kind and priority once it has ended, and its notes do not', async () => {
    const cancelled = await booked()
    await staff.call(appointmentApi.cancel, { ...on(cancelled), body: undefined })
    await assert.rejects(
      staff.call(appointmentApi.changeDetails, { ...on(cancelled), body: { kind: 'telemedicine' } }),
      refusedWith(invalidTransition),
    )
    const noted = await staff.call(appointmentApi.changeDetails, { ...on(cancelled), body: { notes: 'Called back' } })
    assert.equal(noted.notes, 'Called back')
  })

  it('stays whole, and is not added to, by whom the record of the patient is out of reach', async () => {
    const cancelled = await booked()
    await staff.call(appointmentApi.cancel, { ...on(cancelled), body: {} })
    const note = doctor.call(appointmentApi.changeDetails, { ...on(cancelled), body: { notes: 'Called back' } })
    await assert.rejects(note, refusedWith(forbidden))
    const entries = await entriesOf(cancelled)
    assert.deepEqual(
      entries.map(({ details }) => details),
      [{ code: 'forbidden' }],
    )

    // The doctor works in another department by now: that one is related to the appointment, and not to the patient.
    const standing = await booked()
    const department_id = await api.department()
    await api.rows(sql`update doctors set department_id = ${department_id} where id = ${doctor.doctor_id}`)
    const nurse = await api.person('nurse', { department_id })
    const keyOf = () => api.rows(sql`select key_id from appointments where id = ${standing.id}`)
    const [key] = await keyOf()
    const urgent = await nurse.call(appointmentApi.changeDetails, { ...on(standing), body: { priority: 'urgent' } })
    assert.deepEqual([urgent.priority, urgent.notes], ['urgent', null])
    // A reason is refused, not lost.
    for (const change of [
      () => nurse.call(appointmentApi.cancel, { ...on(standing), body: { reason: 'Called off' } }),
      () =>
        nurse.call(appointmentApi.reschedule, {
          ...on(standing),
          body: { appointment_time: mondayAt('10:00', 1), reason: 'Works late' },
        }),
    ]) {
      await assert.rejects(change(), refusedWith(forbidden))
    }
    await nurse.call(appointmentApi.setStatus, { ...on(standing), body: { status: 'confirmed' } })
    assert.deepEqual(await keyOf(), [key])
    const { priority, status, reason, notes } = await staff.call(appointmentApi.get, on(standing))
    assert.deepEqual(
      { priority, status, reason, notes },
      { priority: 'urgent', status: 'confirmed', reason: 'canary-cough', notes: 'canary-fasting' },
    )
    await api.rows(sql`update doctors set department_id = null where id = ${doctor.doctor_id}`)
  })

  it('is not changed over what somebody else has written meanwhile', async () => {
    const first = await booked()
    const change = (notes: string) =>
      staff.send({
        method: 'PATCH',
        url: `/api/v1/appointments/${first.id}`,
        headers: { 'content-type': 'application/merge-patch+json', 'if-match': `"v${first.version}"` },
        body: JSON.stringify({ notes }),
      })
    const answers = await Promise.all([change('one'), change('other')])
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, stale.status]))
    assert.equal((await staff.call(appointmentApi.get, on(first))).version, 2)
  })
})
