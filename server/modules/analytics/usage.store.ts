import { type Sql, sql } from '#platform/database/sql.ts'
import type { UsageQuery } from './analytics.contract.ts'
import { minutes, type StepFilter, stretchNumber, usageSteps } from './usage-steps.store.ts'

export const usageParts = ['available_minutes', 'assigned_minutes', 'departures', 'ended_stay_minutes'] as const
export type UsageRow = {
  type: string
  ward: string | null
  resource_id: string | null
  /** With the resource: whose it was. */
  department_id: string | null
  stretch_number: number
} & Record<(typeof usageParts)[number], number>

export type UsageFilter = Omit<StepFilter, 'ward' | 'department_id' | 'resource_id'> &
  Pick<UsageQuery, 'ward' | 'department_id'> & { by_resource: boolean }

/** Per type, ward and stretch (and resource where asked): time available and assigned, and the stays that ended. */
export function findUsage(filter: UsageFilter): Sql<UsageRow> {
  const number = (at: Sql) => stretchNumber(at, filter)
  // Named by their numbers: each of a year's days compared with each stay would be a hundred times the work.
  const stretchesBetween = (from: Sql, until: Sql) => sql`
        join lateral generate_series(greatest(${number(from)}, 1), ${number(until)}) as within(number) on true
        join stretches b on b.number = within.number and b.starts_at < ${until} and b.ends_at > ${from}`
  const by = (column: Sql) => (filter.by_resource ? column : sql`null::uuid`)
  const key = sql`${by(sql`p.resource_id`)} as resource_id, ${by(sql`p.department_id`)} as department_id`
  return sql`
    with recursive ${usageSteps(filter)}, available as (
      select ${key}, p.type, p.ward, b.number,
             sum(p.lanes * ${minutes(sql`greatest(p.starts_at, b.starts_at)`, sql`least(p.ends_at, b.ends_at)`)}) as available_minutes
        from placed p ${stretchesBetween(sql`p.starts_at`, sql`p.ends_at`)}
       where p.is_open group by 1, 2, 3, 4, 5
    ), assigned as (
      select ${key}, p.type, p.ward, b.number,
             sum(${minutes(
               sql`greatest(p.starts_at, s.starts_at, b.starts_at)`,
               sql`least(p.ends_at, s.ends_at, b.ends_at)`,
             )}) as assigned_minutes
        from placed p
        join stays s on s.resource_id = p.resource_id and s.starts_at < p.ends_at and s.ends_at > p.starts_at
        ${stretchesBetween(sql`greatest(p.starts_at, s.starts_at)`, sql`least(p.ends_at, s.ends_at)`)}
       group by 1, 2, 3, 4, 5
    ), ended as (
      select ${by(sql`d.resource_id`)} as resource_id, ${by(sql`d.department_id`)} as department_id, d.type, d.ward, d.number, count(*) as departures,
             sum(${minutes(sql`w.arrived_at`, sql`d.ends_at`)}) as ended_stay_minutes
        from departed d join (select id, min(starts_at) as arrived_at from whole_stays group by id) as w on w.id = d.id
       group by 1, 2, 3, 4, 5
    )
    select resource_id, department_id, type, ward, number::integer as stretch_number, sum(available_minutes)::bigint as available_minutes,
           sum(assigned_minutes)::bigint as assigned_minutes, sum(departures)::bigint as departures,
           sum(ended_stay_minutes)::bigint as ended_stay_minutes
      from (select resource_id, department_id, type, ward, number, available_minutes, 0 as assigned_minutes, 0 as departures, 0 as ended_stay_minutes
              from available
            union all select resource_id, department_id, type, ward, number, 0, assigned_minutes, 0, 0 from assigned
            union all select resource_id, department_id, type, ward, number, 0, 0, departures, ended_stay_minutes from ended) as part
     group by resource_id, department_id, type, ward, number order by type, ward nulls first, resource_id, number`
}
