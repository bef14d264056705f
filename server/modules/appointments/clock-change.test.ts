// What is booked around a change of the clocks. Run in other zones, too, by doctors/server-zones.test.ts.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { certain } from '#platform/certain.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi } from './appointment.contract.ts'
import { makePatient } from './hospital.testing.ts'
import { seriesApi } from './series.contract.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

/** The next Sunday with a change. On any day of the year the clocks of one of the two change within the horizon. */
function nextChange(): Temporal.ZonedDateTime {
  const changes = ['America/New_York', 'America/Santiago'].flatMap(
    (zone) => Temporal.Now.zonedDateTimeISO(zone).add({ days: 4 }).getTimeZoneTransition('next') ?? [],
  )
  return certain(changes.toSorted((a, b) => a.epochMilliseconds - b.epochMilliseconds)[0], 'change of the clocks')
}

/** The next time that the clocks of a zone go forward, some days from now. */
function nextSkip(zone: string): Temporal.ZonedDateTime {
  const next = (from: Temporal.ZonedDateTime) => certain(from.getTimeZoneTransition('next'), 'change of the clocks')
  const change = next(Temporal.Now.zonedDateTimeISO(zone).add({ days: 4 }))
  const isForward = change.offsetNanoseconds > change.subtract({ seconds: 1 }).offsetNanoseconds
  return isForward ? change : next(change)
}

async function around() {
  const change = nextChange()
  assert.equal(change.dayOfWeek, 7)
  const timeZone = change.timeZoneId
  const doctor_id = (await api.person('doctor', { doctor: true })).doctor_id ?? ''
  await api.rows(sql`update doctors set timezone = ${timeZone}, version = version + 1 where id = ${doctor_id}`)
  return {
    doctor_id,
    /** So many days from the Sunday of the change. */
    at: (days: number, plainTime: string) =>
      change.toPlainDate().add({ days }).toZonedDateTime({ timeZone, plainTime }).toInstant().toString(),
  }
}
const apart = (one: string, other: string) => (Date.parse(other) - Date.parse(one)) / 3_600_000

describe('around a change of the clocks', () => {
  it('a booking keeps its wall-clock time on both sides of it', async () => {
    const { doctor_id, at } = await around()
    for (const days of [-2, 1]) {
      const body = { doctor_id, patient_id: await makePatient(api), appointment_time: at(days, '09:00') }
      assert.equal((await staff.call(appointmentApi.book, { body })).appointment_time, body.appointment_time)
    }
  })

  it('a weekly series stays at its time of day, and so does one that is moved', async () => {
    const { doctor_id, at } = await around()
    const first = at(-2, '09:00')
    const body = {
      doctor_id,
      patient_id: await makePatient(api),
      appointment_time: first,
      rrule: 'FREQ=WEEKLY;COUNT=3',
    }
    const { occurrences: planned } = await staff.call(seriesApi.plan, { body })
    assert.deepEqual(
      planned.map(({ local_time }) => local_time.slice(11)),
      ['09:00', '09:00', '09:00'],
    )
    const { id: series_id, occurrences } = await staff.call(seriesApi.book, { body })
    const times = occurrences.map(({ appointment_time }) => appointment_time)
    assert.deepEqual(times, [first, at(5, '09:00'), at(12, '09:00')])
    assert.ok([167, 169].includes(apart(first, at(5, '09:00'))), 'the clocks change in that week')

    const change = { scope: 'all', occurrence: 1, move: { appointment_time: at(-2, '13:30') } } as const
    const moved = await staff.call(seriesApi.change, { params: { series_id }, body: change })
    assert.deepEqual(
      moved.occurrences.map(({ appointment_time }) => appointment_time),
      [at(-2, '13:30'), at(5, '13:30'), at(12, '13:30')],
    )
  })

  it('a series says which of its times the clocks skip', async () => {
    // On any day of the year the clocks of one of them go forward within the horizon.
    const zones = ['America/New_York', 'Europe/Berlin', 'America/Santiago', 'Australia/Sydney']
    const skipping = zones.map(nextSkip)
    const change = certain(skipping.toSorted((a, b) => a.epochMilliseconds - b.epochMilliseconds)[0], 'change')
    const doctor_id = (await api.person('doctor', { doctor: true })).doctor_id ?? ''
    await api.rows(
      sql`update doctors set timezone = ${change.timeZoneId}, version = version + 1 where id = ${doctor_id}`,
    )
    const skipped = change.toPlainDateTime().subtract({ minutes: 30 })
    const first = skipped.subtract({ days: 1 }).toZonedDateTime(change.timeZoneId)
    const body = { doctor_id, appointment_time: first.toInstant().toString(), rrule: 'FREQ=DAILY;COUNT=3' }
    const { conflicts } = await staff.call(seriesApi.plan, { body: { ...body, patient_id: await makePatient(api) } })
    assert.deepEqual(
      conflicts.map(({ code }) => code),
      ['outside_availability', 'skipped_hour', 'outside_availability'],
    )
    assert.equal(conflicts[1]?.local_time, skipped.toString({ smallestUnit: 'minute' }))
  })

  it('a series of working days has one appointment on each of them, at the same time of day', async () => {
    const { doctor_id, at } = await around()
    const rrule = 'FREQ=WEEKLY;BYDAY=TH,FR,MO,TU;COUNT=4'
    const body = { doctor_id, patient_id: await makePatient(api), appointment_time: at(-3, '16:30'), rrule }
    const { occurrences } = await staff.call(seriesApi.book, { body })
    assert.deepEqual(
      occurrences.map(({ appointment_time }) => appointment_time),
      [-3, -2, 1, 2].map((days) => at(days, '16:30')),
    )
  })
})
