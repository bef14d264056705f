import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi } from './appointment.contract.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { holdApi } from './hold.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'
import { endHolds, markNoShows, noShowMinutes } from './housekeeping.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => api.person('doctor', { doctor: true })
async function booked(doctor_id: string, patient_id: string, time = '09:00', weeks = 3): Promise<Appointment> {
  return staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time, weeks) } })
}
/** Moves it in time so that it ended so long ago, past every rule. */
const endedAgo = ({ id }: Appointment, minutes: number) =>
  api.rows(sql`
    update appointments set during = tstzrange(now() - (${minutes} + 30) * interval '1 minute', now() - ${minutes} * interval '1 minute')
     where id = ${id}`)
const stateOf = async ({ id }: Appointment) => {
  const { status, version } = await staff.call(appointmentApi.get, { params: { appointment_id: id } })
  return [status, version]
}
const setStatus = ({ id }: Appointment, status: Appointment['status']) =>
  staff.call(appointmentApi.setStatus, { params: { appointment_id: id }, body: { status } })

describe('whoever did not come', () => {
  it('is marked so half an hour after the end, and whoever came is not', async () => {
    const { doctor_id = '' } = await aDoctor()
    const make = async (time: string) => booked(doctor_id, await makePatient(api), time)
    const [missed, confirmed, early, there, cancelled] = [
      await make('09:00'),
      await make('09:30'),
      await booked((await aDoctor()).doctor_id ?? '', await makePatient(api)),
      await make('10:30'),
      await make('11:00'),
    ]
    await setStatus(confirmed, 'confirmed')
    await setStatus(there, 'confirmed')
    await setStatus(there, 'checked_in')
    await setStatus(cancelled, 'cancelled')
    await endedAgo(early, noShowMinutes - 1)
    await endedAgo(missed, noShowMinutes + 1)
    await endedAgo(confirmed, noShowMinutes + 61)
    await endedAgo(there, noShowMinutes + 121)
    await endedAgo(cancelled, noShowMinutes + 181)
    assert.equal(await markNoShows(api.system), 2)
    assert.deepEqual(await Promise.all([missed, confirmed, early, there, cancelled].map(stateOf)), [
      ['no_show', 2],
      ['no_show', 3],
      ['booked', 1],
      ['checked_in', 3],
      ['cancelled', 2],
    ])
    const history = await staff.call(appointmentApi.history, { params: { appointment_id: missed.id } })
    assert.deepEqual(
      history.items.map(({ user_id, from_status, to_status }) => [user_id, from_status, to_status]),
      [
        [staff.user_id, null, 'booked'],
        [null, 'booked', 'no_show'],
      ],
    )
    const traces = await api.rows(sql`
      select action, role from audit_logs where resource_id = ${missed.id} and action = 'appointment.set_status'
      union all select type, payload->>'to_status' from events where subject_id = ${missed.id} and type = 'appointment.status_changed'`)
    assert.deepEqual(traces, [
      { action: 'appointment.set_status', role: 'system' },
      { action: 'appointment.status_changed', role: 'no_show' },
    ])
    assert.equal(await markNoShows(api.system), 0)
  })

  it('is marked once, however many servers look', async () => {
    const { doctor_id = '' } = await aDoctor()
    const appointments = await Promise.all(
      ['09:00', '09:30', '10:00', '10:30'].map(async (time) => booked(doctor_id, await makePatient(api), time)),
    )
    for (const [at, appointment] of appointments.entries()) await endedAgo(appointment, 60 + at * 60)
    const counts = await Promise.all(Array.from({ length: 6 }, () => markNoShows(api.system)))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      appointments.length,
    )
    const [written] = await api.rows<{ count: string }>(sql`
      select count(*) from appointment_history where to_status = 'no_show' and appointment_id = any (${appointments.map(({ id }) => id)}::uuid[])`)
    assert.equal(Number(written?.count), appointments.length)
  })

  it('three times in a row is flagged to those who book, until they come', async () => {
    const doctor = await aDoctor()
    const doctor_id = doctor.doctor_id ?? ''
    const patient_id = await makePatient(api)
    const flags: unknown[] = []
    for (const [at, time] of ['09:00', '09:30', '10:00', '10:30'].entries()) {
      const appointment = await booked(doctor_id, patient_id, time)
      flags.push([appointment.consecutive_no_shows, appointment.no_show_flag])
      await endedAgo(appointment, 6000 - at * 60)
      if (at < 2) await markNoShows(api.system)
      else if (at === 2) assert.equal((await setStatus(appointment, 'no_show')).no_show_flag, true)
    }
    assert.deepEqual(flags, [
      [0, false],
      [1, false],
      [2, false],
      [3, true],
    ])
    const query = { patient_id }
    const seenBy = async (person: Person) => {
      const { items } = await person.call(appointmentApi.list, { query })
      return [...new Set(items.map(({ no_show_flag }) => no_show_flag))]
    }
    assert.deepEqual(await seenBy(staff), [true])
    assert.deepEqual(await seenBy(doctor), [true])
    const patient = await api.person('patient', { patient_id })
    assert.deepEqual(await seenBy(patient), [undefined])
    const own = await patient.call(appointmentApi.book, { body: { doctor_id, appointment_time: mondayAt('12:00') } })
    assert.deepEqual(['no_show_flag' in own, 'consecutive_no_shows' in own], [false, false])
    const [last] = (await staff.call(appointmentApi.list, { query })).items.filter(({ status }) => status === 'booked')
    if (!last) throw new Error('there is none to come to')
    await setStatus(last, 'confirmed')
    assert.equal((await setStatus(last, 'checked_in')).no_show_flag, false)
    assert.deepEqual(await seenBy(staff), [false])
  })
})

describe('holds that have ended', () => {
  it('are removed, and their times told to be free, once', async () => {
    const { doctor_id = '' } = await aDoctor()
    const appointment_time = mondayAt('09:00')
    const make = (time: string) => staff.call(holdApi.make, { body: { doctor_id, appointment_time: mondayAt(time) } })
    const [ended, lasting] = [await make('09:00'), await make('09:30')]
    await api.rows(sql`update appointments set held_until = now() where id = ${ended.id}`)
    const counts = await Promise.all(Array.from({ length: 4 }, () => endHolds(api.system)))
    assert.deepEqual(counts.map(String).toSorted(), ['0', '0', '0', '1'])
    const left = await api.rows(sql`select id from appointments where status = 'held'`)
    assert.deepEqual(left, [{ id: lasting.id }])
    const told = await api.rows(sql`select subject_id, payload from events where type = 'hold.ended'`)
    assert.deepEqual(told, [{ subject_id: ended.id, payload: { doctor_id, appointment_time } }])
  })

  it('are removed by hundreds until there are none, or until the server stops', async () => {
    const { doctor_id = '' } = await aDoctor()
    const make = (doctor: string, count: number) =>
      api.rows(sql`
        insert into appointments (confirmation_code, doctor_id, during, status, held_until, created_by)
        select gen_random_uuid(), ${doctor}, tstzrange(now() + n * interval '1 hour', now() + (n + 1) * interval '1 hour'), 'held',
               now() - interval '1 second', ${staff.user_id}
          from generate_series(1, ${count}::int) as n`)
    await make(doctor_id, 201)
    assert.equal(await endHolds(api.system, AbortSignal.abort()), 200)
    await make((await aDoctor()).doctor_id ?? '', 200)
    assert.equal(await endHolds(api.system), 201)
  })
})
