import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, type Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { slotApi } from '../doctors/slot.contract.ts'
import { appointmentApi, patientBusy, slotTaken } from './appointment.contract.ts'
import { makePatient, makePatients, mondayAt, overlaps } from './hospital.testing.ts'

let api: TestApi
let admin: Person
let staff: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
const overbook = { reason: 'canary-41d7: seen in the corridor' }
const book = (
  person: Person,
  body: { doctor_id: string; patient_id: string; appointment_time: string; overbook?: object },
) => person.call(appointmentApi.book, { body: body as never })

describe('overbooking', () => {
  it('puts a patient beside the one who is booked, in the next lane, with a sealed reason', async () => {
    const doctor_id = await aDoctor()
    const [first = '', second = '', third = ''] = await makePatients(api, 3)
    const appointment_time = mondayAt('09:00')
    const beside = { doctor_id, appointment_time, overbook }
    assert.equal((await book(staff, { doctor_id, patient_id: first, appointment_time })).lane, 0)
    const overbooked = await book(admin, { ...beside, patient_id: second })
    assert.deepEqual([overbooked.lane, overbooked.overbook_reason], [1, overbook.reason])
    assert.equal((await book(admin, { ...beside, patient_id: third })).lane, 2)
    const [dump] = await api.rows<{ text: string }>(sql`
      select (select string_agg(a::text, '') from appointments a) || (select string_agg(e::text, '') from events e)
        || (select string_agg(l::text, '') from audit_logs l) as text`)
    assert.ok(dump && !dump.text.includes('canary') && !dump.text.includes(Buffer.from('canary-41d7').toString('hex')))
    const patient = await api.person('patient', { patient_id: second })
    const seen = await patient.call(appointmentApi.get, { params: { appointment_id: overbooked.id } })
    assert.deepEqual(['lane' in seen, 'overbook_reason' in seen, 'no_show_flag' in seen], [false, false, false])
  })

  it('has four lanes and no more, and none for a patient who is elsewhere', async () => {
    const [doctor_id, elsewhere] = [await aDoctor(), await aDoctor()]
    const patients = await makePatients(api, 5)
    const appointment_time = mondayAt('09:00')
    const beside = { doctor_id, appointment_time, overbook }
    const busy = await makePatient(api)
    await book(staff, { doctor_id: elsewhere, patient_id: busy, appointment_time })
    await assert.rejects(book(admin, { ...beside, patient_id: busy }), refusedWith(patientBusy))
    const lanes = []
    for (const patient_id of patients.slice(0, 4)) lanes.push((await book(admin, { ...beside, patient_id })).lane)
    assert.deepEqual(lanes, [0, 1, 2, 3])
    await assert.rejects(book(admin, { ...beside, patient_id: patients[4] ?? '' }), refusedWith(slotTaken))
  })

  it('leaves the time taken for everyone else until all of them are gone', async () => {
    const doctor_id = await aDoctor()
    const [first = '', second = '', third = ''] = await makePatients(api, 3)
    const appointment_time = mondayAt('09:00')
    const one = await book(staff, { doctor_id, patient_id: first, appointment_time })
    const two = await book(admin, { doctor_id, patient_id: second, appointment_time, overbook })
    const cancel = (id: string) =>
      staff.call(appointmentApi.cancel, { params: { appointment_id: id }, body: undefined })
    await cancel(one.id)
    const day = appointment_time.slice(0, 10)
    const offered = async () =>
      (await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query: { from: day, to: day } })).items.some(
        ({ start }) => start === appointment_time,
      )
    assert.equal(await offered(), false)
    const body = { doctor_id, patient_id: third, appointment_time }
    await assert.rejects(book(staff, body), refusedWith(slotTaken))
    await assert.rejects(
      staff.call((await import('./hold.contract.ts')).holdApi.make, { body: { doctor_id, appointment_time } }),
      refusedWith(slotTaken),
    )
    const later = await book(staff, { ...body, appointment_time: mondayAt('10:00') })
    await assert.rejects(
      staff.call(appointmentApi.reschedule, { params: { appointment_id: later.id }, body: { appointment_time } }),
      refusedWith(slotTaken),
    )
    await cancel(two.id)
    assert.equal(await offered(), true)
    await staff.call(appointmentApi.reschedule, { params: { appointment_id: later.id }, body: { appointment_time } })
  })

  it('takes the first lane where it moves to, if that is free', async () => {
    const doctor_id = await aDoctor()
    const [first = '', second = ''] = await makePatients(api, 2)
    const appointment_time = mondayAt('09:00')
    await book(staff, { doctor_id, patient_id: first, appointment_time })
    const { id } = await book(admin, { doctor_id, patient_id: second, appointment_time, overbook })
    const move = (time: string) =>
      staff.call(appointmentApi.reschedule, {
        params: { appointment_id: id },
        body: { appointment_time: mondayAt(time) },
      })
    assert.equal((await move('10:00')).lane, 0)
    await assert.rejects(move('09:00'), refusedWith(slotTaken))
  })

  it('is listed on the exceptions of the day, with its reason, to those who book for others and to nobody else', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const doctor_id = doctor.doctor_id ?? ''
    const [first = '', second = '', third = ''] = await makePatients(api, 3)
    const appointment_time = mondayAt('09:00', 4)
    const date = appointment_time.slice(0, 10)
    await book(staff, { doctor_id, patient_id: first, appointment_time })
    const overbooked = await book(admin, { doctor_id, patient_id: second, appointment_time, overbook })
    const gone = await book(admin, { doctor_id, patient_id: third, appointment_time, overbook })
    await staff.call(appointmentApi.cancel, { params: { appointment_id: gone.id }, body: undefined })

    const { items, total } = await staff.call(appointmentApi.list, { query: { date, overbooked: 'true' } })
    assert.deepEqual(
      items.map(({ id, lane, overbook_reason }) => ({ id, lane, overbook_reason })),
      [{ id: overbooked.id, lane: 1, overbook_reason: overbook.reason }],
    )
    assert.equal(total, 1)
    const of_doctor = { params: { doctor_id }, query: { date, overbooked: 'true' } } as const
    assert.equal((await staff.call(appointmentApi.listOfDoctor, of_doctor)).total, 1)
    assert.equal((await staff.call(appointmentApi.list, { query: { date, overbooked: 'false' } })).total, 2 + 1)

    const patient = await api.person('patient', { patient_id: third })
    for (const asked of ['true', 'false'] as const) {
      await assert.rejects(
        patient.call(appointmentApi.list, { query: { date, overbooked: asked } }),
        refusedWith(forbidden),
      )
    }
    const colleague = await api.person('staff', { patient_id: second })
    assert.equal((await colleague.call(appointmentApi.list, { query: { date, overbooked: 'true' } })).total, 0)
  })

  it('is for those who have been given it, in their own calendars where it is no further', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const doctor_id = doctor.doctor_id ?? ''
    const [first = '', second = ''] = await makePatients(api, 2)
    const appointment_time = mondayAt('09:00')
    await book(staff, { doctor_id, patient_id: first, appointment_time })
    for (const person of [staff, doctor, await api.person('patient', { patient_id: second })]) {
      await assert.rejects(
        book(person, { doctor_id, patient_id: second, appointment_time, overbook }),
        refusedWith(forbidden),
      )
    }
    await api.rows(sql`
      update roles set permissions = permissions || array['appointments:overbook:own'], version = version + 1 where name = 'doctor'`)
    assert.equal((await book(doctor, { doctor_id, patient_id: second, appointment_time, overbook })).lane, 1)
  })

  it('cannot be had by making up a lane or leaving out the reason', async () => {
    const doctor_id = await aDoctor()
    const body = { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('09:00') }
    const forged = [
      [{ lane: 1 }, '/body/lane'],
      [{ capacity: 99 }, '/body/capacity'],
      [{ during: '[2020-01-01,2030-01-01)' }, '/body/during'],
      [{ duration_minutes: 5 }, '/body/duration_minutes'],
      [{ schedule_id: doctor_id }, '/body/schedule_id'],
      [{ status: 'cancelled' }, '/body/status'],
      [{ overbook: {} }, '/body/overbook/reason'],
      [{ overbook: { reason: 'x', lane: 3 } }, '/body/overbook/lane'],
    ] as const
    for (const [members, path] of forged) {
      await assert.rejects(
        admin.call(appointmentApi.book, { body: { ...body, ...members } as never }),
        refusedWith(invalidRequest, path),
      )
    }
  })

  it('of a hundred at once fills the lanes and refuses the rest', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 100)
    const appointment_time = mondayAt('09:00')
    const answers = await Promise.allSettled(
      patients.map((patient_id, at) =>
        at % 2 === 0
          ? book(admin, { doctor_id, patient_id, appointment_time, overbook })
          : book(staff, { doctor_id, patient_id, appointment_time }),
      ),
    )
    const lanes = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.lane] : []))
    const refusals = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [(answer.reason as Problem).kind?.code] : [],
    )
    assert.deepEqual([lanes.map(String).toSorted(), new Set(refusals)], [['0', '1', '2', '3'], new Set(['slot_taken'])])
    assert.deepEqual(await overlaps(api), [])
  })
})
