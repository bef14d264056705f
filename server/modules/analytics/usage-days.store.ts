// What is kept of the use of resources on past days: which days, their sums, and how they are written.
import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { UsageFilter, UsageRow } from './usage.store.ts'

/** The first instants of days in order, and the end of the last; days are numbered from 1. */
type Bounds = readonly string[]

const daysOf = (bounds: Bounds) => sql`
  unnest(${bounds.slice(0, -1)}::timestamptz[], ${bounds.slice(1)}::timestamptz[]) with ordinality as d(starts_at, ends_at, number)`

/** The days that have to be counted from the records: not kept, or something has changed on them since. `last_mark`: undefined for every mark. */
export function findOpenDays(bounds: Bounds, last_mark?: number): Sql<{ day_number: number }> {
  const known = last_mark === undefined ? sql`true` : sql`id <= ${last_mark}`
  return sql`
    select d.number::integer as day_number
      from ${daysOf(bounds)}, (select min(starts_at) as starts_at from usage_marks where ${known}) as changed
     where d.ends_at > changed.starts_at
        or not exists (select from usage_days u where u.starts_at = d.starts_at and u.ends_at = d.ends_at)
     order by 1`
}

type KeptFilter = Pick<UsageFilter, 'type' | 'ward' | 'department_id' | 'by_resource'> & {
  bounds: Bounds
  /** These are counted from the records. */
  open: readonly number[]
  /** The stretch of each day. */
  stretches: readonly number[]
}

/** As `findUsage` counts it, of the days that are not open. */
export function sumKeptDays({
  bounds,
  open,
  stretches,
  by_resource,
  type,
  ward,
  department_id,
}: KeptFilter): Sql<UsageRow> {
  const counted = new Set(open)
  const kept = stretches.flatMap((stretch, at) =>
    counted.has(at + 1) ? [] : [{ stretch, starts_at: bounds[at], ends_at: bounds[at + 1] }],
  )
  const column = (name: 'stretch' | 'starts_at' | 'ends_at') => kept.map((day) => day[name])
  const by = (name: Sql) => (by_resource ? name : sql`null::uuid`)
  return sql`
    select ${by(sql`f.resource_id`)} as resource_id, ${by(sql`f.department_id`)} as department_id, r.type, f.ward, d.stretch as stretch_number,
           sum(f.available_minutes)::bigint as available_minutes, sum(f.assigned_minutes)::bigint as assigned_minutes,
           sum(f.departures)::bigint as departures, sum(f.ended_stay_minutes)::bigint as ended_stay_minutes
      from unnest(${column('starts_at')}::timestamptz[], ${column('ends_at')}::timestamptz[], ${column('stretch')}::integer[])
             as d(starts_at, ends_at, stretch)
      join resource_day_figures f on f.starts_at = d.starts_at and f.ends_at = d.ends_at
      join resources r on r.id = f.resource_id
     where ${all([
       type === undefined ? undefined : sql`r.type = ${type}`,
       ward === undefined ? undefined : sql`f.ward = ${ward}`,
       department_id === undefined ? undefined : sql`f.department_id = ${department_id}`,
     ])}
     group by 1, 2, 3, 4, 5 order by 3, 4 nulls first, 1, 5`
}

/** By the database's clock, and from where on there is anything to count. */
export function findUsagePast(): Sql<{ now_at: string; first_at: string | null; last_mark: number | null }> {
  return sql`
    select now() as now_at,
           least((select min(s.assigned_at) from resource_stays s), (select min(s.in_force_from) from resource_states s)) as first_at,
           (select max(m.id) from (select id from usage_marks order by id limit 10000) as m) as last_mark`
}

/** Days that are none in this zone, or not over: a clock was wrong, or the zone is another. */
export function deleteOtherUsageDays(bounds: Bounds): Sql {
  return sql`
    delete from usage_days u
     where not exists (select from ${daysOf(bounds)} where d.starts_at = u.starts_at and d.ends_at = u.ends_at)`
}

/** These days are kept as these rows, in which the stretches are the days themselves. */
export function keepUsage(bounds: Bounds, days: readonly number[], rows: readonly UsageRow[]): Sql[] {
  const starts = days.map((day) => bounds[day - 1])
  const ends = days.map((day) => bounds[day])
  const records = rows.map(({ stretch_number, ...row }) => ({
    ...row,
    starts_at: starts[stretch_number - 1],
    ends_at: ends[stretch_number - 1],
  }))
  return [
    sql`delete from usage_days u using unnest(${starts}::timestamptz[], ${ends}::timestamptz[]) as d(starts_at, ends_at)
         where u.starts_at = d.starts_at and u.ends_at = d.ends_at`,
    sql`insert into usage_days (starts_at, ends_at) select * from unnest(${starts}::timestamptz[], ${ends}::timestamptz[])`,
    sql`insert into resource_day_figures
        select * from json_populate_recordset(null::resource_day_figures, ${JSON.stringify(records)}::json)`,
  ]
}

/** The days that these marks touch are not kept any more, and so the marks are not needed: in this order. */
export function forgetMarked(last_mark: number): Sql[] {
  return [
    sql`delete from usage_days where ends_at > (select min(starts_at) from usage_marks where id <= ${last_mark})`,
    sql`delete from usage_marks where id <= ${last_mark}`,
  ]
}
