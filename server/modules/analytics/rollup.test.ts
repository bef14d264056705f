// What is kept of past days against the records themselves: equal after whatever happens to a past, in whatever order it commits.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { isDatabaseError } from '#platform/database/connection.ts'
import { countingDatabase } from '#platform/database/counting.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { TrendQuery, UtilizationQuery } from './analytics.contract.ts'
import { appoint, changeDoctorAt, doctorSince, zone } from './figures.testing.ts'
import { rollUp } from './rollup.job.ts'
import { countTrends } from './trend.service.ts'
import { countUtilization } from './utilization.service.ts'

let api: TestApi
let doctors: string[]
let departments: string[]
let patients: string[]
before(async () => {
  api = await startTestApi()
  departments = [await api.department(), await api.department()]
  const specializations = ['cardiology', 'dermatology', 'cardiology']
  doctors = []
  for (const [at, specialization] of specializations.entries()) {
    const department_id = departments[at % 2] ?? ''
    const { doctor_id = '' } = await doctorSince(api, '2025-10-21', { department_id, doctor: { specialization } })
    doctors.push(doctor_id)
  }
  patients = [await api.patient(), await api.patient(), await api.patient(), await api.patient()]
})
after(() => api[Symbol.asyncDispose]())

const today = Temporal.Now.plainDateISO(zone)
/** One with the end of daylight saving in it, and one that goes beyond today. */
const periods = [
  { from: '2025-10-20', to: '2025-11-07' },
  { from: today.subtract({ days: 12 }).toString(), to: today.add({ days: 2 }).toString() },
]

const keep = (timezone: string) =>
  rollUp({ ...api.system, configuration: { ...api.system.configuration, timezone } }, new AbortController().signal)

async function bothWays(timezone: string, query: object) {
  const source = { counting: countingDatabase(api.system), timezone }
  const ask = async (in_full?: true) => {
    const asked = in_full ? { ...source, in_full } : source
    const { as_of: _, ...utilization } = await countUtilization(asked, UtilizationQuery.parse(query))
    const trend = { ...query, group_by: 'group_by' in query && query.group_by === 'doctor' ? 'week' : 'day' }
    const { as_of: _as_of, ...trends } = await countTrends(asked, TrendQuery.parse(trend))
    return { utilization, trends }
  }
  return { kept: await ask(), full: await ask(true) }
}

/** Every figure of both periods, and how many appointments they count. */
async function assertEqual(timezone: string, told: string): Promise<number> {
  let appointments = 0
  for (const period of periods) {
    for (const by of [
      { group_by: 'doctor' },
      { group_by: 'day' },
      { group_by: 'department' },
      { group_by: 'week', doctor_id: doctors[0] },
      { group_by: 'month', department_id: departments[1] },
    ]) {
      const { kept, full } = await bothWays(timezone, { ...period, ...by })
      assert.deepEqual(kept, full, `${told}: ${JSON.stringify({ ...period, ...by })}`)
      appointments += kept.utilization.total.appointments
    }
  }
  return appointments
}

const statuses = ['booked', 'confirmed', 'checked_in', 'in_progress', 'completed', 'cancelled', 'no_show', 'held']
const rarely = [
  'restore',
  'move',
  'doctor',
  'patient',
  'delete',
  'away',
  'back',
  'hours',
  'department',
  'leaves',
  'before',
  'zone',
] as const
const event = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('book' as const) },
    { weight: 2, arbitrary: fc.constant('status' as const) },
    {
      weight: 12,
      arbitrary: fc.constantFrom(...rarely),
    },
  ),
  doctor: fc.nat(2),
  patient: fc.nat(3),
  period: fc.nat(1),
  slot: fc.nat(14 * 48),
  status: fc.nat(7),
  lane: fc.nat(2),
  minutes: fc.integer({ min: 1, max: 9 }),
  which: fc.double({ min: 0, max: 0.999, noNaN: true }),
  keeps: fc.nat(5),
})
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

async function happen(one: Event): Promise<void> {
  const doctor_id = doctors[one.doctor] ?? ''
  const patient_id = patients[one.patient] ?? ''
  const at = Temporal.PlainDate.from(periods[one.period]?.from ?? '')
    .toPlainDateTime()
    .add({ minutes: one.slot * 30 })
  const instant = at.toZonedDateTime(zone).toInstant().toString()
  const status = statuses[one.status] ?? ''
  const change = (set: ReturnType<typeof sql>) =>
    api.rows(sql`
      update appointments set ${set}
       where id = (select id from appointments order by id offset (select floor(count(*) * ${one.which}::float8) from appointments)::int limit 1)`)
  switch (one.what) {
    case 'book':
      return appoint(api, [
        { doctor_id, patient_id, at: at.toString(), minutes: one.minutes * 10, status, lane: one.lane },
      ])
    case 'status':
      return void (await change(sql`status = ${status}, held_until = now()`))
    case 'restore':
      return void (await change(sql`status = 'booked'`))
    case 'move': {
      const end = Temporal.Instant.from(instant)
        .add({ minutes: one.minutes * 10 })
        .toString()
      return void (await change(sql`during = tstzrange(${instant}, ${end})`))
    }
    case 'doctor':
      return void (await change(sql`doctor_id = ${doctor_id}`))
    case 'patient':
      return void (await change(sql`patient_id = ${patient_id}`))
    case 'delete':
      return void (await api.rows(sql`
        delete from appointments
         where id = (select a.id from appointments a where not exists (select from visits v where v.appointment_id = a.id) order by a.id limit 1)`))
    case 'away':
      return void (await api.rows(sql`
        insert into time_off (doctor_id, starts_at, ends_at) values (${doctor_id}, ${instant}, ${instant}::timestamptz + interval '5 hours')`))
    case 'back':
      return void (await api.rows(sql`delete from time_off where id = (select id from time_off order by id limit 1)`))
    case 'hours':
      return changeDoctorAt(api, doctor_id, instant, { available_to: `1${one.minutes}:00` })
    case 'department':
      return changeDoctorAt(api, doctor_id, instant, { department_id: departments[one.lane % 2] ?? '' })
    case 'leaves':
      return changeDoctorAt(api, doctor_id, instant, { is_active: one.status % 2 === 0 })
    case 'before':
      return void (await api.rows(sql`
        update doctor_states s set in_force_from = s.in_force_from - interval '7 hours'
         where s.doctor_id = ${doctor_id}
           and s.in_force_from = (select min(in_force_from) from doctor_states f where f.doctor_id = s.doctor_id)`))
    case 'zone':
      return void (await api.rows(
        sql`update doctors set timezone = ${one.lane === 0 ? 'Europe/Berlin' : zone} where id = ${doctor_id}`,
      ))
  }
}

describe('what is kept of past days', () => {
  for (const seed of [7, 23]) {
    it(`comes to the same as the records after a random history (${seed})`, async (t) => {
      let refused = 0
      let counted = 0
      for (const [number, one] of fc.sample(event, { numRuns: 120, seed }).entries()) {
        await happen(one).catch((error: unknown) => {
          // A time that is taken, or a state at a moment that has one.
          if (!isDatabaseError(error) || !['23P01', '23505', '23514'].includes(error.code ?? '')) throw error
          refused += 1
        })
        if (one.keeps === 0) await keep(zone)
        if (number % 12 === 11) counted += await assertEqual(zone, `after ${number + 1} events`)
      }
      await keep(zone)
      counted += await assertEqual(zone, 'at the end')
      t.diagnostic(`${counted} appointments compared, ${refused} events refused`)
      assert.ok(counted > 300 && refused < 60)
    })
  }

  it('is of the days of the hospital, also when these become others', async () => {
    await keep(zone)
    const [before_] = await api.rows<{ count: number }>(sql`select count(*)::int as count from figure_days`)
    assert.ok((before_?.count ?? 0) > 300)
    for (const other of ['Asia/Kathmandu', 'Pacific/Kiritimati', zone]) {
      await assertEqual(other, `${other}, not kept yet`)
      await keep(other)
      assert.deepEqual(
        await api.rows(sql`
          select count(*)::int as others from figure_days
           where (starts_at at time zone ${other})::time <> '00:00' or ends_at > now()`),
        [{ others: 0 }],
      )
      await assertEqual(other, other)
    }
  })

  it('is what figures are read from, and not the records', async () => {
    await keep(zone)
    const query = { from: '2025-10-20', to: '2025-11-07', group_by: 'doctor' }
    const { full } = await bothWays(zone, query)
    await api.rows(
      sql`update doctor_day_figures set completed = completed + 1000 where starts_at < '2025-11-03' and appointments > 0`,
    )
    const { kept } = await bothWays(zone, query)
    assert.ok(kept.utilization.total.by_status.completed >= full.utilization.total.by_status.completed + 1000)
    assert.ok(kept.trends.total.by_status.completed >= full.trends.total.by_status.completed + 1000)
    await api.rows(sql`delete from figure_days`)
    await keep(zone)
    await assertEqual(zone, 'kept anew')
  })

  it('misses nothing that commits after a day was counted', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const patient_id = await api.patient()
    const day = '2025-10-22'
    await appoint(api, [
      { doctor_id, patient_id, at: `${day}T09:00` },
      { doctor_id, patient_id, at: '2025-10-23T09:00' },
      { doctor_id, patient_id, at: '2025-10-24T09:00' },
    ])
    await keep(zone)
    const [one, other] = [new pg.Client(api.owner_url), new pg.Client(api.owner_url)]
    await Promise.all([one.connect(), other.connect()])
    try {
      const cancel = (client: pg.Client, at: string) =>
        client.query(`update appointments set status = 'cancelled' where patient_id = $1 and starts_at = $2`, [
          patient_id,
          Temporal.PlainDateTime.from(at).toZonedDateTime(zone).toInstant().toString(),
        ])
      // Each cancels what the other believes to be the first; who was new on the third day nobody could tell from either alone.
      await one.query('begin')
      await other.query('begin')
      await cancel(one, `${day}T09:00`)
      await cancel(other, '2025-10-23T09:00')
      await one.query('commit')
      await keep(zone)
      await assertEqual(zone, 'with a change under way')
      await other.query('commit')
      await assertEqual(zone, 'before it is counted anew')
      await keep(zone)
      await assertEqual(zone, 'when it is')
      const { kept } = await bothWays(zone, { from: '2025-10-24', to: '2025-10-24', group_by: 'day', doctor_id })
      assert.equal(kept.trends.total.new_patient_appointments, 1)
    } finally {
      await Promise.all([one.end(), other.end()])
    }
    assert.deepEqual(await api.rows(sql`select from figure_marks`), [], 'no mark is left')
  })

  it('leaves bookings of later days alone', async () => {
    await keep(zone)
    const at = today.add({ days: 3 }).toPlainDateTime({ hour: 12 }).toString()
    await appoint(api, [{ doctor_id: doctors[0], patient_id: patients[0] ?? '', at, status: 'booked' }])
    assert.deepEqual(await api.rows(sql`select from figure_marks`), [])
  })
})
