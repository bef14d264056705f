import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { makePatients, mondayAt, overlaps } from './hospital.testing.ts'
import { appointmentApi, resourceUnknown } from './appointment.contract.ts'
import {
  type Conflict,
  type Series,
  seriesApi,
  type SeriesChange,
  seriesConflicts,
  seriesOver,
} from './series.contract.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
const weekly = 'FREQ=WEEKLY;COUNT=6'
async function send(method: 'POST' | 'PATCH' | 'PUT', url: string, body: object): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  return (await staff.send({ method, url, headers, body: JSON.stringify(body) })).status
}
const series = (body: object) => send('POST', '/api/v1/appointments/series', { rrule: weekly, ...body })
const count = (statuses: readonly number[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(statuses, String)).map(([status, all]) => [status, all?.length]))
const strange = (statuses: readonly number[]) =>
  [...new Set(statuses)].filter((status) => ![200, 201, 409].includes(status))
/** Series of which a part is there and a part is not: there must be none. */
const torn = (patients: readonly string[]) =>
  api.rows(sql`
    select s.id from appointment_series s left join appointments a on a.series_id = s.id
     where s.patient_id = any (${patients}) group by s.id having count(a.id) <> 6`)

describe('a race', () => {
  it('of 60 series for the same times makes one of them', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 60)
    const statuses = await Promise.all(
      patients.map((patient_id) => series({ doctor_id, patient_id, appointment_time: mondayAt('09:00') })),
    )
    assert.deepEqual(count(statuses), { 201: 1, 409: 59 })
    assert.deepEqual(await torn(patients), [])
    assert.deepEqual(await overlaps(api), [])
  })

  it('of series, single bookings and holds at two doctors, with a room, takes nothing twice and leaves no part of a series', async () => {
    const doctors = [await aDoctor(), await aDoctor()]
    const room = (await makeResource(staff, { type: 'room' })).id
    const patients = await makePatients(api, 30)
    const asks = patients.flatMap((patient_id, at) => {
      const [doctor_id, other] = [doctors[at % 2], doctors[(at + 1) % 2]]
      const resource_ids = at % 3 === 0 ? [room] : []
      const time = mondayAt(at % 2 === 0 ? '09:00' : '09:30', 3 + (at % 6))
      return [
        () => series({ doctor_id, patient_id, appointment_time: mondayAt('09:00'), resource_ids }),
        () => series({ doctor_id: other, patient_id, appointment_time: mondayAt('09:00', 5), resource_ids }),
        () => send('POST', '/api/v1/appointments', { doctor_id, patient_id, appointment_time: time, resource_ids }),
        () => send('POST', '/api/v1/slots/holds', { doctor_id: other, appointment_time: time }),
      ]
    })
    const statuses = await Promise.all(asks.map((ask) => ask()))
    assert.deepEqual(strange(statuses), [])
    assert.ok((count(statuses)[201] ?? 0) > 0)
    assert.deepEqual(await torn(patients), [])
    assert.deepEqual(await overlaps(api), [])
    assert.deepEqual(
      await api.rows(sql`
        select from resource_reservations a join resource_reservations b on a.id < b.id and a.resource_id = b.resource_id
           and a.lane = b.lane and a.during && b.during where a.cancelled_at is null and b.cancelled_at is null`),
      [],
    )
  })

  it('of moves of whole series for the same times moves each whole or not at all', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 8)
    const made: Series[] = await Promise.all(
      patients.map((patient_id, at) => {
        const appointment_time = mondayAt(`${9 + (at >> 1)}:${at % 2 ? '30' : '00'}`.padStart(5, '0'))
        return staff.call(seriesApi.book, { body: { doctor_id, patient_id, appointment_time, rrule: weekly } })
      }),
    )
    const times = ['13:00', '13:30', '14:00'].map((time) => mondayAt(time))
    const statuses = await Promise.all(
      Array.from({ length: 7 }, (_, round) =>
        made.map(({ id }, at) =>
          send('PATCH', `/api/v1/appointments/series/${id}`, {
            scope: 'all',
            occurrence: 1,
            move: { appointment_time: times[(at + round) % times.length] },
          }),
        ),
      ).flat(),
    )
    assert.deepEqual(strange(statuses), [])
    assert.ok((count(statuses)[200] ?? 0) > 0)
    assert.deepEqual(await overlaps(api), [])
    const apart = await api.rows(sql`
      select series_id from appointments where series_id = any (${made.map(({ id }) => id)}::uuid[])
       group by series_id having count(distinct (lower(during) at time zone 'America/New_York')::time) <> 1`)
    assert.deepEqual(apart, [])
  })
})

/** Begins the work while the owner's statement holds what it needs, does the rest once it waits there, and lets it go on. */
async function interrupted(lock: string, held: string, work: () => Promise<unknown>, rest: () => Promise<unknown>) {
  const owner = new pg.Client({ connectionString: api.owner_url })
  await owner.connect()
  try {
    await owner.query('begin')
    await owner.query(lock, [held])
    let isOver = false
    const working = Promise.allSettled([work()]).finally(() => (isOver = true))
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while (!isOver && (await api.rows(waiting)).length === 0);
    assert.ok(!isOver, 'it waits')
    await rest()
    await owner.query('commit')
    return (await working)[0]
  } finally {
    await owner.end()
  }
}
/** As `lockCalendars` takes it. */
const atCalendar = 'select pg_advisory_xact_lock(hashtextextended($1, 11))'
const conflictsOf = (outcome: PromiseSettledResult<unknown>) => {
  assert.ok(outcome.status === 'rejected' && refusedWith(seriesConflicts)(outcome.reason), JSON.stringify(outcome))
  const conflicts = (outcome.reason as Problem).members['conflicts'] as Conflict[]
  return conflicts.map(({ occurrence, code }) => [occurrence, code])
}

describe('what happens between the look at a series and its turn', () => {
  const aSeries = async (doctor_id: string, more: { resource_ids?: string[] } = {}) => {
    const [patient_id = ''] = await makePatients(api, 1)
    const body = { doctor_id, patient_id, appointment_time: mondayAt('09:00'), rrule: weekly, ...more }
    return { patient_id, book: () => staff.call(seriesApi.book, { body }) }
  }
  const change = (series_id: string, body: SeriesChange) =>
    staff.call(seriesApi.change, { params: { series_id }, body })
  const takeRoom = async (room: string, time: string, weeks: number) => {
    const [patient_id = ''] = await makePatients(api, 1)
    const body = {
      doctor_id: await aDoctor(),
      patient_id,
      appointment_time: mondayAt(time, weeks),
      resource_ids: [room],
    }
    return staff.call(appointmentApi.book, { body })
  }

  it('leaves nothing of it where its room is taken then, and names the conflict', async () => {
    const doctor_id = await aDoctor()
    const room = (await makeResource(staff, { type: 'room' })).id
    const { patient_id, book } = await aSeries(doctor_id, { resource_ids: [room] })
    const outcome = await interrupted(atCalendar, doctor_id, book, () => takeRoom(room, '09:00', 5))
    assert.deepEqual(conflictsOf(outcome), [[3, 'resource_taken']])
    assert.deepEqual(await api.rows(sql`select from appointments where patient_id = ${patient_id}`), [])
  })

  it('refuses it where its room is none any more', async () => {
    const doctor_id = await aDoctor()
    const room = (await makeResource(staff, { type: 'room' })).id
    const { patient_id, book } = await aSeries(doctor_id, { resource_ids: [room] })
    const outcome = await interrupted(atCalendar, doctor_id, book, () =>
      api.rows(sql`update resources set state = 'retired', retired_at = now() where id = ${room}`),
    )
    assert.ok(outcome.status === 'rejected' && refusedWith(resourceUnknown)(outcome.reason), JSON.stringify(outcome))
    assert.deepEqual(await api.rows(sql`select from appointments where patient_id = ${patient_id}`), [])
  })

  it('does not move it to a time at which its room is taken then', async () => {
    const doctor_id = await aDoctor()
    const room = (await makeResource(staff, { type: 'room' })).id
    const { id } = await (await aSeries(doctor_id, { resource_ids: [room] })).book()
    const move = { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('10:00') } } as const
    const outcome = await interrupted(
      atCalendar,
      doctor_id,
      () => change(id, move),
      () => takeRoom(room, '10:00', 4),
    )
    assert.deepEqual(conflictsOf(outcome), [[2, 'resource_taken']])
  })

  it('does not move it past the hours that its doctor has by then', async () => {
    const doctor_id = await aDoctor()
    const { id } = await (await aSeries(doctor_id)).book()
    const move = { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('16:00') } } as const
    const outcome = await interrupted(
      atCalendar,
      doctor_id,
      () => change(id, move),
      () => api.rows(sql`update doctors set available_to = '12:00', version = version + 1 where id = ${doctor_id}`),
    )
    assert.deepEqual(
      conflictsOf(outcome),
      [1, 2, 3, 4, 5, 6].map((occurrence) => [occurrence, 'outside_availability']),
    )
    const again = await change(id, { ...move, move: { appointment_time: mondayAt('11:00') } })
    assert.deepEqual(new Set(again.occurrences.map(({ version }) => version)), new Set([2]))
  })

  it('moves none of it where all of it was cancelled', async () => {
    const { id } = await (await aSeries(await aDoctor())).book()
    const move = { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('10:00') } } as const
    const cancel = "update appointments set status = 'cancelled', version = version + 1 where series_id = $1"
    const outcome = await interrupted(
      cancel,
      id,
      () => change(id, move),
      async () => undefined,
    )
    assert.ok(outcome.status === 'rejected' && refusedWith(seriesOver)(outcome.reason), JSON.stringify(outcome))
    const now = await staff.call(seriesApi.get, { params: { series_id: id } })
    assert.deepEqual(
      new Set(now.occurrences.map(({ status, version }) => `${status} ${version}`)),
      new Set(['cancelled 2']),
    )
  })
})
