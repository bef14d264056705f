// What is kept of the use of beds against the records themselves: equal after whatever happens to a past, in whatever order it commits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { countingDatabase } from '#platform/database/counting.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { resourceApi } from '../resources/resource.contract.ts'
import { UsageQuery } from './analytics.contract.ts'
import { isRefused, zone } from './figures.testing.ts'
import { rollUp } from './rollup.job.ts'
import { countUsage } from './usage.service.ts'

let api: TestApi
let admin: Person
let beds: string[]
let patients: string[]
let departments: string[]
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  departments = [await api.department(), await api.department()]
  beds = []
  for (const [ward, type] of [
    ['North', 'bed'],
    ['North', 'bed'],
    ['South', 'bed'],
    ['South', 'room'],
  ] as const)
    beds.push(await resource(ward, type))
  patients = await Promise.all([api.patient(), api.patient(), api.patient()])
})
after(() => api[Symbol.asyncDispose]())

async function resource(ward: string, type: 'bed' | 'room'): Promise<string> {
  const code = randomUUID().slice(0, 12).toUpperCase()
  const lanes = type === 'room' ? 2 : 1
  const body = { type, name: 'One', code, ward, lanes, department_id: departments[0] }
  const { id } = await admin.call(resourceApi.create, { body })
  await api.rows(sql`update resource_states set in_force_from = '2025-10-25T09:30:20Z' where resource_id = ${id}`)
  return id
}

const today = Temporal.Now.plainDateISO(zone)
/** One with the end of daylight saving in it, and one that goes beyond today. */
const periods = [
  { from: '2025-10-20', to: '2025-11-07' },
  { from: today.subtract({ days: 9 }).toString(), to: today.add({ days: 2 }).toString() },
]

const keep = (timezone: string) =>
  rollUp({ ...api.system, configuration: { ...api.system.configuration, timezone } }, new AbortController().signal)

/** Every figure of both periods, and how many minutes they count. */
async function assertEqual(timezone: string, told: string): Promise<number> {
  const source = { counting: countingDatabase(api.system), timezone }
  let minutes = 0
  for (const period of periods)
    for (const by of [
      { group_by: 'ward' },
      { group_by: 'resource' },
      { group_by: 'day' },
      { group_by: 'week', ward: 'North' },
      { group_by: 'type', department_id: departments[1] },
      { group_by: 'month', type: 'bed' },
    ]) {
      const query = UsageQuery.parse({ ...period, ...by })
      const { as_of: _, ...kept } = await countUsage(source, query)
      const { as_of: _as_of, ...full } = await countUsage({ ...source, in_full: true }, query)
      // The clock may have gone on by a minute between the two.
      if (kept.counted_until !== full.counted_until) continue
      assert.deepEqual(kept, full, `${told}: ${JSON.stringify(query)}`)
      minutes += kept.total.assigned_minutes
    }
  return minutes
}

const whats = [
  'assign',
  'release',
  'transfer',
  'later',
  'delete',
  'state',
  'ward',
  'department',
  'forget',
  'zone',
] as const
const event = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('assign' as const) },
    { weight: 6, arbitrary: fc.constantFrom(...whats) },
  ),
  bed: fc.nat(3),
  patient: fc.nat(2),
  lane: fc.integer({ min: 1, max: 2 }),
  period: fc.nat(1),
  minute: fc.nat(9 * 1440),
  lasts: fc.option(fc.integer({ min: 0, max: 4000 })),
  which: fc.double({ min: 0, max: 0.999, noNaN: true }),
  keeps: fc.nat(4),
})
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

async function happen(one: Event): Promise<void> {
  const resource_id = beds[one.bed] ?? ''
  const at = Temporal.PlainDate.from(periods[one.period]?.from ?? '')
    .toZonedDateTime(zone)
    .toInstant()
    .add({ minutes: one.minute, seconds: one.bed * 17 })
  const end = one.lasts === null ? null : at.add({ minutes: one.lasts, seconds: 20 }).toString()
  const chosen = sql`(select id from resource_assignments order by id offset (select floor(count(*) * ${one.which}::float8) from resource_assignments)::int limit 1)`
  const stateOf = (change: ReturnType<typeof sql>) =>
    api.rows(sql`
      insert into resource_states (resource_id, in_force_from, state, ward, department_id, lanes)
      select resource_id, ${at.toString()}::timestamptz, ${change}
        from resource_states where resource_id = ${resource_id} order by in_force_from desc limit 1`)
  switch (one.what) {
    case 'assign':
      return void (await api.rows(sql`
        insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at)
        values (${resource_id}, ${patients[one.patient] ?? ''}, true, ${one.lane}, ${at.toString()}::timestamptz, ${end}::timestamptz)`))
    case 'release':
      return void (await api.rows(sql`
        update resource_assignments set released_at = greatest(assigned_at, ${at.toString()}::timestamptz) where id = ${chosen} and released_at is null`))
    case 'transfer':
      return void (await api.rows(sql`
        insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at, moved_from_id)
        select ${resource_id}, s.patient_id, true, ${one.lane}, s.released_at, s.released_at + make_interval(mins => ${one.lasts ?? 60}), s.id
          from resource_assignments s where s.id = ${chosen} and s.released_at is not null`))
    case 'later':
      return void (await api.rows(
        sql`update resource_assignments set assigned_at = assigned_at - interval '95 minutes' where id = ${chosen}`,
      ))
    case 'delete':
      return void (await api.rows(sql`delete from resource_assignments where id = ${chosen}`))
    case 'state':
      return void (await stateOf(
        sql`case when state = 'in_service' then 'maintenance' else 'in_service' end, ward, department_id, lanes`,
      ))
    case 'ward':
      return void (await stateOf(
        sql`state, case ward when 'North' then 'South' else 'North' end, department_id, lanes`,
      ))
    case 'department':
      return void (await stateOf(sql`state, ward, ${departments[one.lane - 1] ?? ''}::uuid, 3 - lanes`))
    case 'forget':
      return void (await api.rows(sql`
        delete from resource_states s where s.resource_id = ${resource_id}
           and s.in_force_from = (select min(in_force_from) from resource_states where resource_id = ${resource_id})
           and exists (select from resource_states n where n.resource_id = ${resource_id} and n.in_force_from > s.in_force_from)`))
    case 'zone':
      return keep('Asia/Kathmandu')
  }
}

/** As the database refuses it. */
async function tryHappen(one: Event): Promise<void> {
  try {
    await happen(one)
  } catch (error) {
    if (!isRefused(error)) throw error
  }
}

describe('the use of beds that is kept of past days', () => {
  it('is what counting the records comes to, whatever happens to them, before and after it is counted anew', async () => {
    let minutes = 0
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 15, maxLength: 40 }), async (events) => {
        for (const one of events) {
          await tryHappen(one)
          if (one.keeps === 0) await keep(zone)
        }
        minutes += await assertEqual(zone, 'as it is')
        await keep(zone)
        assert.deepEqual(await api.rows(sql`select id from usage_marks`), [])
        minutes += await assertEqual(zone, 'counted anew')
      }),
      { numRuns: 3, endOnFailure: true },
    )
    assert.ok(minutes > 10_000, `only ${minutes} minutes were compared`)
  })

  it('is read: what is not in the records is not noticed until something touches the day', async () => {
    await keep(zone)
    const source = { counting: countingDatabase(api.system), timezone: zone }
    const query = UsageQuery.parse({ from: '2025-10-28', to: '2025-10-28', group_by: 'resource' })
    const total = async () => (await countUsage(source, query)).total
    const before_change = await total()
    await api.rows(
      sql`update resource_day_figures set assigned_minutes = assigned_minutes + 1000000 where starts_at < '2025-10-30'`,
    )
    const altered = await total()
    assert.ok(
      altered.assigned_minutes >= before_change.assigned_minutes + 1_000_000 || before_change.available_minutes === 0,
    )
    await api.rows(sql`insert into usage_marks (starts_at) values ('2025-10-01')`)
    assert.deepEqual(await total(), before_change)
    await keep(zone)
    assert.deepEqual(await total(), before_change)
  })

  it('loses nothing of a change that commits while the days are counted', async () => {
    const bed = await resource('North', 'bed')
    await keep(zone)
    const client = new pg.Client({ connectionString: api.owner_url })
    await client.connect()
    try {
      await client.query('begin')
      await client.query(
        `insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at)
         values ($1, $2, true, 1, '2025-10-26T10:00Z', '2025-10-28T20:00Z')`,
        [bed, patients[0]],
      )
      await keep(zone)
      await client.query('commit')
    } finally {
      await client.end()
    }
    assert.ok((await assertEqual(zone, 'committed late')) > 0)
    await keep(zone)
    await assertEqual(zone, 'counted anew')
  })
})
