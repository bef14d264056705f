import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { UsageQuery } from './analytics.contract.ts'

export const usageParts = ['available_minutes', 'assigned_minutes', 'departures', 'ended_stay_minutes'] as const
export type UsageRow = {
  type: string
  ward: string | null
  resource_id: string | null
  /** With the resource: whose it was. */
  department_id: string | null
  stretch_number: number
} & Record<(typeof usageParts)[number], number>

export type UsageFilter = Pick<UsageQuery, 'type' | 'ward' | 'department_id'> & {
  starts_at: string
  /** The end of the period or now, to the minute; not included. */
  counted_until: string
  /** The stretches in order: first instants and ends, none of them beyond `counted_until`. */
  stretch_starts: readonly string[]
  stretch_ends: readonly string[]
  by_resource: boolean
}

const minutes = (from: Sql, until: Sql) => sql`(extract(epoch from ${until} - ${from}) / 60)::bigint`

/**
 * Per type, ward and stretch (and resource where asked): time available and assigned, and the stays that ended. Every instant to the
 * minute, so that parts add up to the whole without a rest. Wards, lanes and service as they were at each moment; states that follow one
 * another and count alike, such as cleaning between two stays, are one.
 */
export function findUsage(filter: UsageFilter): Sql<UsageRow> {
  const { starts_at, counted_until, stretch_starts, stretch_ends, by_resource, type, ward, department_id } = filter
  const number = (at: Sql) => sql`width_bucket(${at}, ${stretch_starts}::timestamptz[])`
  // Named by their numbers: each of a year's days compared with each stay would be a hundred times the work.
  const stretchesBetween = (from: Sql, until: Sql) => sql`
        join lateral generate_series(greatest(${number(from)}, 1), ${number(until)}) as within(number) on true
        join stretches b on b.number = within.number and b.starts_at < ${until} and b.ends_at > ${from}`
  const by = (column: Sql) => (by_resource ? column : sql`null::uuid`)
  const key = sql`${by(sql`p.resource_id`)} as resource_id, ${by(sql`p.department_id`)} as department_id`
  return sql`
    with recursive stretches as (
      select * from unnest(${stretch_starts}::timestamptz[], ${stretch_ends}::timestamptz[]) with ordinality as b(starts_at, ends_at, number)
    ), noted as (
      select s.resource_id, r.type, s.ward, s.department_id, s.lanes, s.state in ('in_service', 'cleaning') as is_open, s.in_force_from
        from resources r
        left join lateral (select max(e.in_force_from) as since from resource_states e
                            where e.resource_id = r.id and e.in_force_from <= ${starts_at}) as first on true
        join resource_states s on s.resource_id = r.id and s.in_force_from < ${counted_until}
                              and s.in_force_from >= coalesce(first.since, '-infinity')
    ), compared as (
      select n.*, row (ward, department_id, lanes, is_open) is not distinct from
                  row (lag(ward) over own, lag(department_id) over own, lag(lanes) over own, lag(is_open) over own) as is_same
        from noted n window own as (partition by resource_id order by in_force_from)
    ), states as (
      select resource_id, type, ward, department_id, lanes, is_open, date_trunc('minute', in_force_from) as starts_at,
             coalesce(date_trunc('minute', lead(in_force_from) over own), 'infinity') as ends_at
        from compared where not is_same window own as (partition by resource_id order by in_force_from)
    ), placed as materialized (
      select * from states
       where ${all([
         sql`starts_at < ${counted_until} and ends_at > ${starts_at}`,
         type === undefined ? undefined : sql`type = ${type}`,
         ward === undefined ? undefined : sql`ward = ${ward}`,
         department_id === undefined ? undefined : sql`department_id = ${department_id}`,
       ])}
    ), stays as materialized (
      select s.id, s.resource_id, date_trunc('minute', s.assigned_at) as starts_at,
             coalesce(date_trunc('minute', s.released_at), 'infinity') as ends_at, s.assigned_at, s.released_at, s.moved_from_id
        from resource_stays s where s.assigned_at < ${counted_until} and (s.released_at is null or s.released_at >= ${starts_at})
    ), available as (
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
    ), departed as (
      select s.id, s.resource_id, p.department_id, p.type, p.ward, b.number, s.starts_at, s.ends_at, s.moved_from_id,
             case when s.moved_from_id is not null then openward.ward_of_resource(s.resource_id, s.assigned_at) end as first_ward
        from stays s
        join placed p on p.resource_id = s.resource_id and p.starts_at <= s.ends_at and p.ends_at > s.ends_at
        join stretches b on b.number = ${number(sql`s.ends_at`)} and b.ends_at > s.ends_at
       where not exists (
         select from resource_stays n join resources r on r.id = n.resource_id
          where n.moved_from_id = s.id and r.type = p.type
            and openward.ward_of_resource(n.resource_id, n.assigned_at) is not distinct from p.ward)
    ), whole_stays as (
      select id, type, starts_at, moved_from_id, first_ward from departed
      union all
      select w.id, w.type, date_trunc('minute', s.assigned_at), s.moved_from_id,
             case when s.moved_from_id is not null then openward.ward_of_resource(s.resource_id, s.assigned_at) end
        from whole_stays w
        join resource_stays s on s.id = w.moved_from_id
        join resources r on r.id = s.resource_id and r.type = w.type
       where openward.ward_of_resource(s.resource_id, s.released_at) is not distinct from w.first_ward
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
