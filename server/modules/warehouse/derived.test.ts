// Every figure that the warehouse holds the facts of, derived anew by DuckDB from the files alone, from a past that was made up.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database/sql.ts'
import { analyticsApi } from '../analytics/analytics.contract.ts'
import { events, happen, past, type Place, startPast } from '../reports/past.testing.ts'
import { reportApi } from '../reports/report.contract.ts'
import { exportTo, readWith, startWarehouse } from './warehouse.testing.ts'

let warehouse: Awaited<ReturnType<typeof startWarehouse>>
let duck: Awaited<ReturnType<typeof readWith>>
let place: Place
before(async () => {
  warehouse = await startWarehouse()
  const { api } = warehouse
  place = await startPast(api)
  for (const list of fc.sample(events, { numRuns: 5, seed: 5 })) await happen(place, list)
  // As resources are now, after what was made up of their past.
  await api.rows(sql`
    insert into resource_states (resource_id, in_force_from, state, ward, department_id, lanes)
    select id, now(), state, ward, department_id, lanes from resources`)
  await api.rows(sql`update resources set state = 'maintenance' where type = 'icu_bed' and not exists
                       (select from resource_assignments s where s.resource_id = resources.id and s.released_at is null)`)
  await exportTo(api, warehouse.tree)
  duck = await readWith(warehouse.folder)
})
after(async () => {
  duck[Symbol.dispose]()
  await warehouse[Symbol.asyncDispose]()
})

const within = (from: string, to: string) => `date between '${from}' and '${to}'`
const number = async (question: string) => Number(Object.values((await duck.ask(question))[0] ?? {})[0])
/** Rows of text and numbers, in an order of their own. */
const rowsOf = (rows: readonly (readonly unknown[])[]) => rows.map((row) => JSON.stringify(row)).sort()
const ask = async (question: string) =>
  rowsOf((await duck.ask(question)).map((row) => Object.values(row).map((value) => (value === null ? null : value))))
const rounded = (value: number) => Math.round(value * 1e6) / 1e6

describe('the dashboard', () => {
  it('is derived from the files, each of its figures', async () => {
    const { items } = await place.admin.call(reportApi.dashboard, { query: past })
    const questions: Record<string, string> = {
      patients: `from dim_patient where status = 'active' and registered_date <= '${past.to}'`,
      new_patients: `from dim_patient where status = 'active' and registered_date between '${past.from}' and '${past.to}'`,
      open_visits: `from fact_visit where is_open`,
      visits: `from fact_visit where ${within(past.from, past.to)}`,
      assigned_beds: `from fact_resource_assignment where is_bed and released_at is null`,
      open_alerts: `from fact_alert where acknowledged_at is null`,
      prescriptions: `from fact_prescription where ${within(past.from, past.to)}`,
    }
    const places = `
      select coalesce(sum(lanes), 0) from (select * from dim_resource qualify row_number() over (partition by resource_key order by in_force_from desc) = 1)
       where resource_type in ('bed', 'icu_bed') and state in ('in_service', 'cleaning')`
    for (const { metric, value } of items) {
      const question = questions[metric]
      assert.equal(await number(question === undefined ? places : `select count(*) ${question}`), value, metric)
    }
    assert.deepEqual(items.map(({ metric }) => metric).sort(), [...Object.keys(questions), 'places_in_beds'].sort())
    assert.ok(
      items.every(({ value }) => value > 0),
      JSON.stringify(items),
    )
  })
})

describe('the figures of a period and of the one before', () => {
  it('are derived from the files, each of their parts', async () => {
    const answer = await place.admin.call(analyticsApi.admin, { query: { from: '2025-03-10', to: '2025-03-16' } })
    const [now, then] = [within('2025-03-10', '2025-03-16'), within('2025-03-03', '2025-03-09')]
    const both = (table: string, part: string, condition = 'true') => `
      select ${part}, count(*) filter (${now}) as current, count(*) filter (${then}) as previous
        from ${table} where ${condition} and (${now} or ${then}) group by all`
    for (const [figure, question] of [
      ['appointments', both('fact_appointment', 'status')],
      ['visits', both('fact_visit', 'status')],
      ['prescriptions', both('fact_prescription', 'status')],
      ['documents', both('fact_document', 'kind', 'deleted_at is null')],
      [
        'users',
        `select role, count(*) as current, count(*) filter (created_at < '2025-03-10 04:00:00Z') as previous
           from dim_user where is_active and created_at < '2025-03-17 04:00:00Z' group by all`,
      ],
    ] as const) {
      const { parts, current } = answer[figure]
      assert.ok(current > 0, figure)
      assert.deepEqual(await ask(question), rowsOf(parts.map((one) => [one.part, one.current, one.previous])), figure)
    }
  })
})

const [begin, end] = [`timestamptz '2025-03-03 05:00:00Z'`, `timestamptz '2025-03-17 04:00:00Z'`]
const never = `timestamptz '9999-01-01 00:00:00Z'`
/** How long each state and each stay lasted, within the period too; instants to the minute, as figures count. */
const steps = [
  `create temp table placed as
     select *, greatest(starts_at, ${begin}) as clipped_at, least(ends_at, ${end}) as clipped_until
       from (select *, date_trunc('minute', in_force_from) as starts_at,
                    coalesce(date_trunc('minute', lead(in_force_from) over (partition by resource_key order by in_force_from)), ${never}) as ends_at
               from dim_resource) as states
      where starts_at < ${end} and ends_at > ${begin}`,
  // In which ward each stay ended: that of the newest state before.
  `create temp table stays as
     select *, date_trunc('minute', assigned_at) as starts_at, coalesce(date_trunc('minute', released_at), ${never}) as ends_at,
            (select arg_max(d.ward, d.in_force_from) from dim_resource d
              where d.resource_key = s.resource_key and d.in_force_from <= s.released_at) as last_ward
       from fact_resource_assignment s`,
  `create temp table parts as
     select resource_type, ward, lanes * date_diff('minute', clipped_at, clipped_until) as available, 0 as assigned
       from placed where state in ('in_service', 'cleaning')
     union all
     select p.resource_type, p.ward, 0, date_diff('minute', greatest(p.clipped_at, s.starts_at), least(p.clipped_until, s.ends_at))
       from placed p join stays s on s.resource_key = p.resource_key and s.starts_at < p.clipped_until and s.ends_at > p.clipped_at`,
  `create temp table departed as
     select s.assignment_key, s.resource_type, p.ward, s.ends_at, s.starts_at, s.moved_from_key, s.ward as first_ward
       from stays s join placed p on p.resource_key = s.resource_key and p.starts_at <= s.ends_at and p.ends_at > s.ends_at
       left join stays n on n.moved_from_key = s.assignment_key and n.resource_type = s.resource_type and n.ward is not distinct from p.ward
      where s.ends_at >= ${begin} and s.ends_at < ${end} and n.assignment_key is null`,
  `create temp table ended as
     with recursive chain as (
       select assignment_key, resource_type, starts_at, moved_from_key, first_ward from departed
       union all
       select c.assignment_key, c.resource_type, b.starts_at, b.moved_from_key, b.ward
         from chain c join stays b on b.assignment_key = c.moved_from_key and b.resource_type = c.resource_type
        where b.last_ward is not distinct from c.first_ward
     )
     select d.resource_type, d.ward, date_diff('minute', a.arrived_at, d.ends_at) as minutes
       from departed d join (select assignment_key, min(starts_at) as arrived_at from chain group by 1) as a using (assignment_key)`,
]

describe('the use of beds, rooms and devices', () => {
  it('is derived from the files: available, assigned, occupancy, departures, mean stay, turnover, by ward', async () => {
    const { total, items } = await place.admin.call(analyticsApi.resource_usage, { query: past })
    assert.ok(total.departures > 5 && total.assigned_minutes > 1000)
    for (const step of steps) await duck.ask(step)
    const by_ward = await ask(
      `select resource_type, ward, sum(available), sum(assigned) from parts group by all having sum(available) + sum(assigned) > 0`,
    )
    const told = items.filter(({ available_minutes, assigned_minutes }) => available_minutes + assigned_minutes > 0)
    assert.deepEqual(
      by_ward,
      rowsOf(told.map((one) => [one.type, one.ward, one.available_minutes, one.assigned_minutes])),
    )
    assert.deepEqual(
      await ask(`select resource_type, ward, count(*), sum(minutes) from ended group by all`),
      rowsOf(
        items
          .filter(({ departures }) => departures > 0)
          .map((one) => [
            one.type,
            one.ward,
            one.departures,
            Math.round((one.mean_stay_hours ?? 0) * one.departures * 60),
          ]),
      ),
    )
    const [available, assigned] = [
      await number(`select sum(available) from parts`),
      await number(`select sum(assigned) from parts`),
    ]
    const [departures, minutes] = [
      await number(`select count(*) from ended`),
      await number(`select sum(minutes) from ended`),
    ]
    // Of two weeks with the beginning of daylight saving.
    const passed = 14 * 1440 - 60
    assert.deepEqual(
      [total.occupancy, total.mean_stay_hours, total.mean_places, total.turnover].map((value) => rounded(value ?? NaN)),
      [
        assigned / available,
        minutes / departures / 60,
        available / passed,
        departures / rounded(available / passed),
      ].map(rounded),
    )
  })
})

describe('the reports', () => {
  it('are derived from the files: visits, prescriptions, patients, signs and alerts', async () => {
    const { admin } = place
    const visits = await admin.call(reportApi.visit_volume, { query: { ...past, group_by: 'day' } })
    assert.deepEqual(
      await ask(`
        select strftime(date, '%Y-%m-%d'), department_key, type, count(*), count(*) filter (is_open), count(*) filter (status = 'completed'),
               count(*) filter (status = 'discharged'), count(*) filter (status = 'left_without_being_seen'), count(*) filter (status = 'cancelled'),
               coalesce(sum(ended_minutes), 0), round(sum(ended_minutes) / count(*) filter (status in ('completed', 'discharged')) / 60, 6)
          from fact_visit where ${within(past.from, past.to)} group by all`),
      rowsOf(
        visits.items.map((one) => [
          one.from,
          one.department_id,
          one.type,
          one.visits,
          one.open,
          one.completed,
          one.discharged,
          one.left_without_being_seen,
          one.cancelled,
          one.ended_minutes,
          one.mean_visit_hours,
        ]),
      ),
    )
    const prescriptions = await admin.call(reportApi.prescriptions, { query: { ...past, group_by: 'day' } })
    // Doctors are pseudonyms: by day, and how many of each.
    assert.deepEqual(
      await ask(`
        select strftime(date, '%Y-%m-%d'), count(*), count(*) filter (status = 'draft'), count(*) filter (status = 'cancelled')
          from fact_prescription where ${within(past.from, past.to)} group by date, doctor_key`),
      rowsOf(prescriptions.items.map((one) => [one.from, one.prescriptions, one.draft, one.cancelled])),
    )
    const people = await admin.call(reportApi.patient_statistics, { query: past })
    const genders = Map.groupBy(people.items, ({ gender }) => gender)
    assert.deepEqual(
      await ask(`
        select gender, count(*), count(*) filter (registered_date >= '${past.from}')
          from dim_patient where status = 'active' and registered_date <= '${past.to}' group by all`),
      rowsOf(
        [...genders].map(([gender, rows]) => [
          gender,
          rows.reduce((sum, { patients }) => sum + patients, 0),
          rows.reduce((sum, { new_patients }) => sum + new_patients, 0),
        ]),
      ),
    )
    const found = await admin.call(reportApi.clinical_assessments, { query: past })
    const of = (topic: string) =>
      rowsOf(found.items.filter((one) => one.topic === topic).map((one) => [one.part, one.assessments, one.flagged]))
    const time = `between '2025-03-03 05:00:00Z' and '2025-03-17 03:59:59Z'`
    assert.deepEqual(
      await ask(
        `select sign, count(*), count(*) filter (is_flagged) from fact_vital_sign where finalized_at ${time} group by all`,
      ),
      of('vital_sign'),
    )
    assert.deepEqual(
      await ask(
        `select reason, count(*), count(*) filter (acknowledged_at is null) from fact_alert where raised_at ${time} group by all`,
      ),
      of('alert'),
    )
    assert.ok(of('vital_sign').length > 3 && of('alert').length > 0)
  })

  it('of doctors: what appointments take, by their status, in and beyond the hours', async () => {
    const { total, items } = await place.admin.call(analyticsApi.doctor_utilization, {
      query: { ...past, group_by: 'doctor' },
    })
    assert.equal(
      await number(
        `select sum(duration_minutes) from fact_appointment where status <> 'cancelled' and ${within(past.from, past.to)}`,
      ),
      total.booked_minutes + total.outside_minutes,
    )
    assert.deepEqual(
      await ask(`
        select count(*), coalesce(sum(duration_minutes) filter (status = 'completed'), 0), count(*) filter (status = 'no_show')
          from fact_appointment where ${within(past.from, past.to)} group by doctor_key`),
      rowsOf(
        items
          .filter(({ appointments }) => appointments > 0)
          .map((one) => [one.appointments, one.completed_minutes, one.by_status.no_show]),
      ),
    )
  })
})
