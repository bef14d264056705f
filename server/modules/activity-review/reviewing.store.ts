// What the review reads of the audit log. The log is read in the order in which it was sealed, so that nothing is passed over that
// commits late, and nothing is counted twice.
import type { ReviewSettings } from '#platform/audit/review-variables.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'

/** Whoever holds it is the only one who reviews. */
export function lockPosition(): Sql<{ seq: number; counted_seq: number; told_at: string }> {
  return sql`select seq, counted_seq, told_at from activity_review for update`
}

export function saveSeen(seq: number): Sql {
  return sql`update activity_review set seq = ${seq}`
}

export function saveCounted(seq: number): Sql {
  return sql`update activity_review set counted_seq = ${seq}`
}

/** The last of the next entries; null when there are none. */
export function findBatch(after: number, most: number): Sql<{ last_seq: number | null }> {
  return sql`
    select max(seq) as last_seq from (select seq from audit_leaves where seq > ${after} order by seq limit ${literal(most)}) as next`
}

/** Those entries, as `a`. */
function entriesOf(after: number, last: number): Sql {
  return sql`
    (select entry_id from audit_leaves where seq > ${after} and seq <= ${last} order by seq) as l
      join audit_logs a on a.id = l.entry_id`
}

const isRefused = sql`a.action in ('session.login', 'session.reauthenticate') and a.outcome <> 'success'`
/** By way of work. */
const isOpening = sql`a.patient_id is not null and a.outcome = 'success' and a.role <> 'patient' and a.resource_type <> 'patient_import'`

export type AccessRow = {
  user_id: string
  patient_id: string
  /** Local day on which the night began, of what was at an unusual hour and of somebody who was not here; else null. */
  night_of: string | null
  entries: number
  first_at: string
  last_at: string
}

type Hours = { timezone: string; usual_hours: ReviewSettings['usual_hours'] }

/** Who opened which records, by way of work, in these entries. */
export function findAccesses(after: number, last: number, { timezone, usual_hours }: Hours): Sql<AccessRow> {
  const local = sql`(a.timestamp at time zone ${timezone})`
  const night = usual_hours
    ? sql`case when ${local}::time < ${usual_hours.from}::time or ${local}::time >= ${usual_hours.to}::time
               then (${local} - ${usual_hours.to}::time::interval)::date end`
    : sql`null::date`
  return sql`
    with seen as (
      select user_id, patient_id, night_of, count(*)::int as entries, min(timestamp) as first_at, max(timestamp) as last_at from (
        select a.user_id, a.patient_id, a.timestamp, ${night} as night_of
          from ${entriesOf(after, last)}
         where a.user_id is not null and ${isOpening}) as access
       group by 1, 2, 3)
    select user_id, patient_id, entries, first_at, last_at,
           case when night_of is not null and not exists (
             select from visits v where v.patient_id = openward.whole_record(seen.patient_id)
                and v.opened_at <= seen.last_at and (v.closed_at is null or v.closed_at >= seen.first_at)) then night_of end as night_of
      from seen`
}

export type ActiveRow = { user_id: string; opened_at: string | null; refused_at: string | null }

/** Who first opened a record, or was first refused, when in these entries. */
export function findActive(after: number, last: number): Sql<ActiveRow> {
  return sql`
    select a.user_id, min(a.timestamp) filter (where ${isOpening}) as opened_at, min(a.timestamp) filter (where ${isRefused}) as refused_at
      from ${entriesOf(after, last)}
     where a.user_id is not null and ((${isOpening}) or (${isRefused})) group by 1`
}

/** As many of one person's newest entries are looked at: who makes more within the time is found by these. */
const mostLookedAt = 20_000

export type Since = { user_id: string; since: string }
export type HappeningRow = { user_id: string; at: string; key: string }

/**
 * In the order of time, what these people did since these instants and since it was last signed off; of those only who may be above
 * the limit. Counted first and read then: of a thousand people hardly one is.
 */
function happened(people: readonly Since[], kind: string, key: Sql, condition: Sql, limit: number): Sql<HappeningRow> {
  // Ids begin with the millisecond at which they were made, so the index of a user's entries finds those of an hour.
  const floors = people.map(({ since }) => firstIdOf(since))
  const entries = (columns: Sql) => sql`
    select ${columns} from audit_logs a
     where a.user_id = u.user_id and a.id >= u.floor and a.timestamp > u.signed_off and ${condition}
     order by a.id desc limit ${literal(mostLookedAt)}`
  return sql`
    with asked as materialized (
      select u.user_id, u.floor,
             coalesce((select max(f.last_at) from activity_findings f
                        where f.user_id = u.user_id and f.kind = ${kind} and f.closed_at is not null), '-infinity') as signed_off
        from unnest(${people.map(({ user_id }) => user_id)}::uuid[], ${floors}::uuid[]) as u(user_id, floor)),
    busy as materialized (
      select * from asked u
       where (select count(distinct e.key) from (${entries(sql`${key} as key`)}) as e) >= ${limit})
    select u.user_id, e.at, e.key
      from busy u cross join lateral (${entries(sql`a.timestamp as at, ${key} as key`)}) as e
     order by u.user_id, e.at`
}

export function findReads(people: readonly Since[], limit: number): Sql<HappeningRow> {
  return happened(people, 'mass_read', sql`a.patient_id`, isOpening, limit)
}

export function findRefusals(people: readonly Since[], limit: number): Sql<HappeningRow> {
  return happened(people, 'failed_sign_ins', sql`a.id`, isRefused, limit)
}

/** The least id that an entry of this instant can have (RFC 9562, version 7). */
export function firstIdOf(instant: string): string {
  const hex = Temporal.Instant.from(instant).epochMilliseconds.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

export type PersonRow = {
  id: string
  key_id: string
  kek_id: string
  wrapped: Buffer | null
  sealed_card: Buffer
  staff_user_id: string | null
  is_watched: boolean
}

/** These patients, with the account of those who work here. */
export function findPeople(ids: readonly string[]): Sql<PersonRow> {
  return sql`
    select p.id, p.key_id, k.kek_id, k.wrapped, p.sealed_card,
           (select u.id from patients_of_users l join users u on u.id = l.user_id
             where l.patient_id = p.id and u.role <> 'patient') as staff_user_id,
           exists (select from watched_records w where w.patient_id = any(openward.records_of(p.id))) as is_watched
      from patients p join patient_keys k on k.id = p.key_id where p.id = any(${ids}::uuid[])`
}

export type WaitingAccess = { id: string; user_id: string; patient_id: string; created_at: string }

/** Emergency accesses that nobody has reviewed in time, and of which there is no finding yet. */
export function findUnreviewed(hours: number): Sql<WaitingAccess> {
  return sql`
    select e.id, e.user_id, e.patient_id, e.created_at from emergency_accesses e
     where e.reviewed_at is null and e.created_at < now() - ${hours} * interval '1 hour'
       and not exists (select from activity_findings f where f.emergency_access_id = e.id)
     order by e.created_at limit 1000`
}

/** What was reviewed since has been signed off with that. */
export function closeReviewed(): Sql {
  return sql`
    update activity_findings f set closed_at = e.reviewed_at, closed_by = e.reviewed_by, verdict = e.review_verdict
      from emergency_accesses e
     where f.closed_at is null and f.emergency_access_id = e.id and e.reviewed_at is not null`
}

/** How many there are of which those who review were not told, and how many of those cannot wait for the day's mail. */
export function countUntold(since: string): Sql<{ untold: number; urgent: number; is_due: boolean }> {
  return sql`
    select count(*)::int as untold, count(*) filter (where kind in ('mass_read', 'failed_sign_ins'))::int as urgent,
           ${since}::timestamptz < now() - interval '1 day' as is_due
      from activity_findings where closed_at is null and raised_at > ${since}`
}

export function saveTold(): Sql {
  return sql`update activity_review set told_at = clock_timestamp()`
}
