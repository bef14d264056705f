import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { doctorApi } from '../doctors/doctor.contract.ts'
import { scheduleApi } from '../doctors/schedule.contract.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { appointmentApi, notAccepting, resourceUnknown } from './appointment.contract.ts'
import { makePatient, mondayAt, overlaps } from './hospital.testing.ts'
import { type Conflict, seriesApi, seriesConflicts } from './series.contract.ts'
import { timeOffApi } from './time-off.contract.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
type Request = Parameters<typeof seriesOf>[1]
const seriesOf = (
  doctor_id: string,
  more: {
    patient_id?: string
    rrule?: string
    appointment_time?: string
    resource_ids?: string[]
    skip_conflicts?: boolean
    reason?: string
  },
) => ({ doctor_id, appointment_time: mondayAt('09:00'), rrule: 'FREQ=WEEKLY;COUNT=4', ...more })
const book = async (doctor_id: string, more: Request = {}, by = staff) =>
  by.call(seriesApi.book, { body: { ...seriesOf(doctor_id, { patient_id: await makePatient(api), ...more }) } })
const bookOne = async (doctor_id: string, appointment_time: string, patient_id?: string) =>
  staff.call(appointmentApi.book, {
    body: { doctor_id, appointment_time, patient_id: patient_id ?? (await makePatient(api)) },
  })
const conflictsOf = async (refused: Promise<unknown>): Promise<Conflict[]> => {
  const problem = await refused.then(
    () => assert.fail('it was booked'),
    (error: unknown) => error,
  )
  assert.ok(problem instanceof Problem && problem.kind.code === seriesConflicts.code, String(problem))
  return problem.members['conflicts'] as Conflict[]
}
const counted = (patient_id: string) =>
  api.rows(sql`
    select (select count(*)::int from appointments where patient_id = ${patient_id}) as appointments,
           (select count(*)::int from appointment_series where patient_id = ${patient_id}) as series,
           (select count(*)::int from appointment_history where patient_id = ${patient_id}) as history,
           (select count(*)::int from audit_logs where patient_id = ${patient_id} and action = 'appointment.book' and outcome = 'success') as entries,
           (select count(*)::int from events where patient_id = ${patient_id} and type = 'appointment.booked') as events,
           (select count(*)::int from care_relationships where patient_id = ${patient_id} and doctor_id is not null) as relations`)

describe('a series', () => {
  it('makes each occurrence an appointment of its own, with its code, history, entry, event and the care of the doctor', async () => {
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    const series = await book(doctor_id, { patient_id, reason: 'Physiotherapy' })
    assert.deepEqual(
      series.occurrences.map(({ appointment_time, occurrence, series_id, reason, status }) => {
        return { appointment_time, occurrence, series_id, reason, status }
      }),
      [3, 4, 5, 6].map((week, at) => ({
        appointment_time: mondayAt('09:00', week),
        occurrence: at + 1,
        series_id: series.id,
        reason: 'Physiotherapy',
        status: 'booked',
      })),
    )
    assert.equal(new Set(series.occurrences.map((one) => one.confirmation_code)).size, 4)
    assert.deepEqual(await counted(patient_id), [
      { appointments: 4, series: 1, history: 4, entries: 4, events: 4, relations: 4 },
    ])
    const read = await staff.call(seriesApi.get, { params: { series_id: series.id } })
    const { skipped, ...shown } = series
    assert.deepEqual(read, shown)
    assert.deepEqual(skipped, [])
    const [second] = read.occurrences.slice(1)
    const single = await staff.call(appointmentApi.get, { params: { appointment_id: second?.id ?? '' } })
    assert.deepEqual(single, second)
  })

  it('names every conflict with free slots near it, and books nothing', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const doctor_id = doctor.doctor_id ?? ''
    const patient_id = await makePatient(api)
    await bookOne(doctor_id, mondayAt('09:00', 3))
    const elsewhere = await bookOne(await aDoctor(), mondayAt('09:00', 4), patient_id)
    const off = { starts_at: mondayAt('08:00', 5), ends_at: mondayAt('09:30', 5) }
    await doctor.call(timeOffApi.add, { params: { doctor_id }, body: off })
    const conflicts = await conflictsOf(book(doctor_id, { patient_id, rrule: 'FREQ=WEEKLY;COUNT=30' }))
    const known = conflicts.filter(({ code }) => code !== 'beyond_horizon')
    assert.deepEqual(
      known.map(({ occurrence, code, appointment_id }) => ({ occurrence, code, appointment_id })),
      [
        { occurrence: 1, code: 'slot_taken', appointment_id: undefined },
        { occurrence: 2, code: 'patient_busy', appointment_id: elsewhere.id },
        { occurrence: 3, code: 'outside_availability', appointment_id: undefined },
      ],
    )
    assert.ok(conflicts.length > known.length)
    for (const { nearest_slots, appointment_time } of known) {
      assert.equal(nearest_slots.length, 5)
      assert.ok(
        nearest_slots.some(({ start }) => Math.abs(Date.parse(start) - Date.parse(appointment_time)) < 7_200_000),
      )
      for (const { start } of nearest_slots) assert.notEqual(start, appointment_time)
    }
    assert.deepEqual(await counted(patient_id), [
      { appointments: 1, series: 0, history: 1, entries: 1, events: 1, relations: 1 },
    ])
    const named = await api.rows(
      sql`select outcome from audit_logs where patient_id = ${patient_id} and details->>'code' = 'series_conflicts'`,
    )
    assert.deepEqual(named, [{ outcome: 'denied' }])
  })

  it('says which times are over, and which are kept for what is urgent', async () => {
    const admin = await api.person('admin')
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    // Of four slots, a quarter is one: the third.
    const block = { weekday: 1, start_time: '09:00', end_time: '11:00', slot_minutes: 30, emergency_share: 0.25 }
    await admin.call(scheduleApi.add, { params: { doctor_id }, body: block })
    const asked = { patient_id, appointment_time: mondayAt('10:00', -1), rrule: 'FREQ=WEEKLY;COUNT=6' }
    const plan = async (priority: 'routine' | 'urgent') => {
      const body = { ...seriesOf(doctor_id, asked), priority }
      const { conflicts } = await staff.call(seriesApi.plan, { body })
      return conflicts.filter(({ occurrence }) => occurrence === 1 || occurrence === 6).map(({ code }) => code)
    }
    assert.deepEqual(await plan('routine'), ['time_in_past', 'reserved_for_urgent'])
    assert.deepEqual(await plan('urgent'), ['time_in_past'])
  })

  it('is planned in any year that an instant has, and refused where its rule never comes to a day', async () => {
    const body = {
      patient_id: await makePatient(api),
      resource_ids: [(await makeResource(staff, { type: 'room' })).id],
    }
    const plan = async (appointment_time: string, rrule: string) =>
      staff.call(seriesApi.plan, { body: { ...seriesOf(await aDoctor(), { ...body, rrule, appointment_time }) } })
    for (const [first, code] of [
      ['0001-01-01T02:00:00Z', 'time_in_past'],
      ['9998-12-20T02:00:00Z', 'beyond_horizon'],
    ] as const) {
      const { conflicts } = await plan(first, 'FREQ=DAILY;COUNT=2')
      assert.deepEqual(
        conflicts.map((one) => one.code),
        [code, code],
      )
    }
    const never = plan(
      mondayAt('09:00').replace(/-\d\d-\d\dT/, '-02-02T'),
      'FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30;COUNT=2',
    )
    await assert.rejects(never, refusedWith(invalidRequest, '/body/appointment_time'))
  })

  it('is planned without booking it, and shows what would be free', async () => {
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    await bookOne(doctor_id, mondayAt('09:00', 4))
    const body = { ...seriesOf(doctor_id, { patient_id, rrule: 'FREQ=WEEKLY;COUNT=3' }) }
    const plan = await staff.call(seriesApi.plan, { body })
    assert.deepEqual(
      plan.occurrences.map(({ is_free }) => is_free),
      [true, false, true],
    )
    assert.deepEqual(
      plan.conflicts.map(({ occurrence, code }) => [occurrence, code]),
      [[2, 'slot_taken']],
    )
    assert.deepEqual((await counted(patient_id))[0], {
      appointments: 0,
      series: 0,
      history: 0,
      entries: 0,
      events: 0,
      relations: 0,
    })
  })

  it('with skip_conflicts books the others, which keep their places, and says what was left out', async () => {
    const doctor_id = await aDoctor()
    await bookOne(doctor_id, mondayAt('09:00', 4))
    const series = await book(doctor_id, { rrule: 'FREQ=WEEKLY;COUNT=3', skip_conflicts: true })
    assert.deepEqual(
      series.occurrences.map(({ occurrence }) => occurrence),
      [1, 3],
    )
    assert.deepEqual(
      series.skipped.map(({ occurrence, code }) => [occurrence, code]),
      [[2, 'slot_taken']],
    )
  })

  it('of which nothing can be had is refused even with skip_conflicts', async () => {
    const doctor_id = await aDoctor()
    const conflicts = await conflictsOf(
      book(doctor_id, { appointment_time: mondayAt('20:00'), rrule: 'FREQ=WEEKLY;COUNT=2', skip_conflicts: true }),
    )
    assert.deepEqual(
      conflicts.map(({ code }) => code),
      ['outside_availability', 'outside_availability'],
    )
  })

  it('takes its resources each time, or is not booked', async () => {
    const doctor_id = await aDoctor()
    const room = (await makeResource(staff, { type: 'room' })).id
    const { occurrences } = await book(doctor_id, { resource_ids: [room] })
    assert.deepEqual(
      occurrences.map(({ resource_ids }) => resource_ids),
      [[room], [room], [room], [room]],
    )
    const patient_id = await makePatient(api)
    const other = book(await aDoctor(), { patient_id, resource_ids: [room], appointment_time: mondayAt('09:00', 5) })
    assert.deepEqual(
      (await conflictsOf(other)).map(({ occurrence, code }) => [occurrence, code]),
      [
        [1, 'resource_taken'],
        [2, 'resource_taken'],
      ],
    )
    assert.deepEqual((await counted(patient_id))[0]?.['appointments' as never], 0)
    const unknown = book(doctor_id, { resource_ids: [crypto.randomUUID()], appointment_time: mondayAt('11:00') })
    await assert.rejects(unknown, refusedWith(resourceUnknown))
  })

  it('is refused with the member at fault where its first time is not one of the rule', async () => {
    const doctor_id = await aDoctor()
    const refused = book(doctor_id, { rrule: 'FREQ=WEEKLY;BYDAY=TU;COUNT=3' })
    await assert.rejects(refused, refusedWith(invalidRequest, '/body/appointment_time'))
    await assert.rejects(
      book(doctor_id, { rrule: 'FREQ=DAILY;UNTIL=20990101' }),
      refusedWith(invalidRequest, '/body/rrule'),
    )
    await assert.rejects(book(doctor_id, { rrule: 'FREQ=HOURLY;COUNT=3' }), refusedWith(invalidRequest, '/body/rrule'))
  })

  it('is not for new patients of a doctor who takes none, nor for a patient who is none', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const doctor_id = doctor.doctor_id ?? ''
    await assert.rejects(book(doctor_id, { patient_id: crypto.randomUUID() }), refusedWith(notFound))
    await api.rows(sql`update doctors set accepts_new_patients = false, version = version + 1 where id = ${doctor_id}`)
    await assert.rejects(book(doctor_id), refusedWith(notAccepting))
    assert.equal((await staff.call(doctorApi.get, { params: { doctor_id } })).accepts_new_patients, false)
  })

  it('is booked by patients for themselves, without rooms, and read by nobody else who has no part in it', async () => {
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    const patient = await api.person('patient', { patient_id })
    const other = await api.person('patient', { patient_id: await makePatient(api) })
    const { id } = await patient.call(seriesApi.book, { body: seriesOf(doctor_id, {}) })
    assert.equal((await patient.call(seriesApi.get, { params: { series_id: id } })).occurrences.length, 4)
    await assert.rejects(other.call(seriesApi.get, { params: { series_id: id } }), refusedWith(notFound))
    await assert.rejects(
      other.call(seriesApi.book, { body: seriesOf(doctor_id, { patient_id, appointment_time: mondayAt('11:00') }) }),
      refusedWith(notFound),
    )
    const room = (await makeResource(staff, { type: 'room' })).id
    const withRoom = { ...seriesOf(doctor_id, { resource_ids: [room], appointment_time: mondayAt('11:00') }) }
    await assert.rejects(patient.call(seriesApi.book, { body: withRoom }), refusedWith(forbidden))
  })

  it('meets no hold that has ended, and every one that has not', async () => {
    const doctor_id = await aDoctor()
    const hold = (week: number, until: string) =>
      api.rows(sql`
        insert into appointments (confirmation_code, doctor_id, during, status, held_until, created_by)
        values (${crypto.randomUUID()}, ${doctor_id}, tstzrange(${mondayAt('09:00', week)}, ${mondayAt('09:30', week)}), 'held',
                now() + ${until}::interval, ${staff.user_id})`)
    await hold(3, '-1 minute')
    await hold(4, '5 minutes')
    const conflicts = await conflictsOf(book(doctor_id, { rrule: 'FREQ=WEEKLY;COUNT=3' }))
    assert.deepEqual(
      conflicts.map(({ occurrence, code }) => [occurrence, code]),
      [[2, 'slot_taken']],
    )
    assert.equal((await book(doctor_id, { rrule: 'FREQ=WEEKLY;COUNT=3', skip_conflicts: true })).occurrences.length, 2)
    assert.deepEqual(await overlaps(api), [])
  })
})
