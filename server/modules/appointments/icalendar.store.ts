// Statements about calendar files and the links that calendar programs subscribe to.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { AppointmentStatus } from './appointment-record.contract.ts'
import { type CalendarFeed, mostFeeds } from './icalendar.contract.ts'

export type CalendarRow = {
  id: string
  confirmation_code: string
  starts_at: string
  ends_at: string
  status: AppointmentStatus
  version: number
  updated_at: string
}

export function findCalendarRow(
  appointment_id: string,
): Sql<CalendarRow & { patient_id: string; preferred_language: string | null }> {
  return sql`
    select a.id, a.confirmation_code, a.starts_at, a.ends_at, a.status, a.version, a.updated_at,
           a.patient_id, p.preferred_language
      from appointments a left join patients p on p.id = a.patient_id
     where a.id = ${appointment_id} and a.status <> 'held'`
}

/** Two requests of one person wait for each other, so that the last link is not given twice. */
export function lockFeeds(user_id: string): Sql {
  return sql`select pg_advisory_xact_lock(hashtextextended(${user_id}, 20))`
}

/** No row where the person has as many as may be. */
export function insertFeed(user_id: string, shows: CalendarFeed['shows'], token_hash: Buffer): Sql<CalendarFeed> {
  return sql`
    insert into calendar_feeds (user_id, shows, token_hash)
    select ${user_id}, ${shows}, ${token_hash}
     where (select count(*) from calendar_feeds where user_id = ${user_id} and revoked_at is null) < ${literal(mostFeeds)}
    returning id, shows, created_at`
}

export function findFeeds(user_id: string): Sql<CalendarFeed> {
  return sql`
    select id, shows, created_at from calendar_feeds where user_id = ${user_id} and revoked_at is null order by created_at, id`
}

export function updateRevoked(id: string, user_id: string): Sql<{ id: string }> {
  return sql`
    update calendar_feeds set revoked_at = now() where id = ${id} and user_id = ${user_id} and revoked_at is null returning id`
}

type OpenedFeed = {
  feed_id: string
  user_id: string
  patient_id: string | null
  doctor_id: string | null
  language: string | null
}

export function findFeedByLink(token_hash: Buffer): Sql<OpenedFeed> {
  return sql`select feed_id, user_id, patient_id, doctor_id, language from openward.find_calendar_feed(${token_hash})`
}

export function findFeedEntries(token_hash: Buffer): Sql<CalendarRow> {
  return sql`
    select id, confirmation_code, starts_at, ends_at, status, version, updated_at
      from openward.calendar_feed_entries(${token_hash})`
}
