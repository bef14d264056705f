import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { makePatients, mondayAt, overlaps } from './hospital.testing.ts'
import { type Series, seriesApi } from './series.contract.ts'

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
