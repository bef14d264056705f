import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { UsageQuery } from './analytics.contract.ts'

export type StepFilter = Pick<UsageQuery, 'type'> & {
  /** Null: what is of no department, and what stands in no ward. */
  department_id?: string | null | undefined
  ward?: string | null | undefined
  resource_id?: string | undefined
  starts_at: string
  /** The end of the period or now, to the minute; not included. */
  counted_until: string
  /** The stretches in order: first instants and ends, none of them beyond `counted_until`. */
  stretch_starts: readonly string[]
  stretch_ends: readonly string[]
}

export const minutes = (from: Sql, until: Sql) => sql`(extract(epoch from ${until} - ${from}) / 60)::bigint`

/** The stretch in which an instant lies. */
export const stretchNumber = (at: Sql, { stretch_starts }: Pick<StepFilter, 'stretch_starts'>) =>
  sql`width_bucket(${at}, ${stretch_starts}::timestamptz[])`

/**
 * The steps that every count of use begins with: `placed`, where and how each resource stood; `stays`; `departed`, those that ended,
 * with their `whole_stays`. Every instant to the minute, so that parts add up to the whole without a rest. Wards, lanes and service as
 * they were at each moment; states that follow one another and count alike, such as cleaning between two stays, are one.
 */
export function usageSteps(filter: StepFilter): Sql {
  const { starts_at, counted_until, stretch_starts, stretch_ends, type, ward, department_id, resource_id } = filter
  return sql`
    stretches as (
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
         ward === undefined ? undefined : ward === null ? sql`ward is null` : sql`ward = ${ward}`,
         department_id === undefined
           ? undefined
           : department_id === null
             ? sql`department_id is null`
             : sql`department_id = ${department_id}`,
         resource_id === undefined ? undefined : sql`resource_id = ${resource_id}`,
       ])}
    ), stays as materialized (
      select s.id, s.resource_id, date_trunc('minute', s.assigned_at) as starts_at,
             coalesce(date_trunc('minute', s.released_at), 'infinity') as ends_at, s.assigned_at, s.released_at, s.moved_from_id
        from resource_stays s where s.assigned_at < ${counted_until} and (s.released_at is null or s.released_at >= ${starts_at})
    ), departed as (
      select s.id, s.resource_id, p.department_id, p.type, p.ward, b.number, s.starts_at, s.ends_at, s.moved_from_id,
             case when s.moved_from_id is not null then openward.ward_of_resource(s.resource_id, s.assigned_at) end as first_ward
        from stays s
        join placed p on p.resource_id = s.resource_id and p.starts_at <= s.ends_at and p.ends_at > s.ends_at
        join stretches b on b.number = ${stretchNumber(sql`s.ends_at`, filter)} and b.ends_at > s.ends_at
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
    )`
}
