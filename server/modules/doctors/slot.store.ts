import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { type DoctorFilter, matchingDoctors } from './doctor.store.ts'
import type { NextSlotQuery, SlotPriority } from './slot.contract.ts'
import { instantText, type TimeRange } from './slots.ts'

export type TakenRange = { doctor_id: string; starts_at: string; ends_at: string }

/** Which times are taken, in order, and nothing of by whom: it may be asked in any reach. */
export function findTakenRanges(
  doctor_ids: readonly string[],
  { starts_at_ms, ends_at_ms }: TimeRange,
): Sql<TakenRange> {
  return sql`select doctor_id, starts_at, ends_at
               from openward.taken_ranges(${doctor_ids}, ${instantText(starts_at_ms)}, ${instantText(ends_at_ms)})`
}

export type SearchedDoctor = {
  id: string
  version: number
  /** What was freed so far, and the times at which nothing is free, as far as that is known; as text of a multirange. */
  freed: number
  full: string
}

/** Whose slots are searched, in the order of names. */
export function findSearchedDoctors(filter: DoctorFilter, priority: SlotPriority, most: number): Sql<SearchedDoctor> {
  const full = priority === 'routine' ? sql`k.for_routine` : sql`k.for_anyone`
  return sql`
    select doctors.id, doctors.version, k.freed, case when k.version = doctors.version then ${full} else '{}' end as full
      from doctors join doctor_full_times k on k.doctor_id = doctors.id
     where ${matchingDoctors(filter)} order by last_name, first_name, doctors.id limit ${literal(most)}`
}

/** Some time of one doctor. */
export type Window = TimeRange & { doctor_id: string }
/** What is taken for good in each window, as text of a multirange. */
export function findTakenWithin(windows: readonly Window[]): Sql<{ taken: string }> {
  return sql`
    select taken from openward.taken_within(${windows.map(({ doctor_id }) => doctor_id)}::uuid[],
                                            ${windows.map(({ starts_at_ms }) => instantText(starts_at_ms))}::timestamptz[],
                                            ${windows.map(({ ends_at_ms }) => instantText(ends_at_ms))}::timestamptz[]) as taken`
}

/** Which times are taken of those among the doctors with whom something is held at present. */
export function findTakenWhileHeld(
  doctor_ids: readonly string[],
  { starts_at_ms, ends_at_ms }: TimeRange,
): Sql<TakenRange> {
  return sql`select doctor_id, starts_at, ends_at
               from openward.taken_while_held(${doctor_ids}, ${instantText(starts_at_ms)}, ${instantText(ends_at_ms)})`
}

export type Learnt = { doctor_id: string; version: number; freed: number; full: string }

/**
 * Keeps what a search has learnt, unless something was freed since it began. Who frees something of a doctor now is not waited
 * for: then what was learnt of that doctor is not kept.
 */
export function keepFullTimes(learnt: readonly Learnt[], priority: SlotPriority, now_ms: number): Sql {
  const [kept, other] =
    priority === 'routine' ? [sql`for_routine`, sql`for_anyone`] : [sql`for_anyone`, sql`for_routine`]
  const ids = learnt.map(({ doctor_id }) => doctor_id)
  return sql`
    with taken as (
      select doctor_id from doctor_full_times where doctor_id = any (${ids}::uuid[]) for update skip locked
    )
    update doctor_full_times k
       set version = l.version,
           ${kept} = (case when k.version = l.version then k.${kept} else '{}' end + l.learnt) * int8multirange(int8range(${now_ms}::bigint, null)),
           ${other} = case when k.version = l.version then k.${other} else '{}' end
      from taken join unnest(${ids}::uuid[], ${learnt.map(({ version }) => version)}::integer[], ${learnt.map(({ freed }) => freed)}::bigint[],
                             ${learnt.map((one) => one.full)}::int8multirange[]) as l(doctor_id, version, freed, learnt) using (doctor_id)
     where k.doctor_id = l.doctor_id and k.freed = l.freed`
}

export type ResourceFilter = Pick<NextSlotQuery, 'resource_type' | 'ward'>

const idsOf = ({ resource_type, ward }: ResourceFilter) =>
  sql`select id from resources where type = ${resource_type} and (${ward ?? null}::text is null or ward = ${ward ?? null})`

/** When all resources of a kind are taken at once within a window, as text of a multirange; null where there is no such resource. */
export function findAllTaken(
  filter: ResourceFilter,
  { starts_at_ms, ends_at_ms }: TimeRange,
): Sql<{ taken: string | null }> {
  const [from, to] = [instantText(starts_at_ms), instantText(ends_at_ms)]
  return sql`
    select (range_intersect_agg(each.taken) * tstzmultirange(tstzrange(${from}, ${to})))::text as taken
      from (select coalesce(range_agg(tstzrange(t.starts_at, t.ends_at)) filter (where t.resource_id is not null), '{}') as taken
              from (${idsOf(filter)}) as r
              left join openward.resource_taken_ranges(array(${idsOf(filter)}), ${from}, ${to}) as t on t.resource_id = r.id
             group by r.id) as each`
}

/** The resources of a kind, and when each of them is taken within a window; a row without times for each that is not. */
export function findResourceTimes(
  filter: ResourceFilter,
  { starts_at_ms, ends_at_ms }: TimeRange,
): Sql<{ resource_id: string; starts_at: string | null; ends_at: string | null }> {
  return sql`
    select r.id as resource_id, t.starts_at, t.ends_at from (${idsOf(filter)}) as r
      left join openward.resource_taken_ranges(array(${idsOf(filter)}), ${instantText(starts_at_ms)}, ${instantText(ends_at_ms)}) as t on t.resource_id = r.id`
}
