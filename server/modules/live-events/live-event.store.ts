import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Position } from './position.ts'

export type StoredEvent = {
  id: string
  recorded_xid: string
  type: string
  subject_type: string
  subject_id: string
  patient_id: string | null
  payload: Record<string, unknown>
  created_at: string
}

/** What a reader wants to know of. */
export type EventFilter = { types: readonly string[] | undefined; patient_id: string | undefined }

/** `live` has the sessions that still stand, each with the version of its rights. */
export type State = { horizon: string; live: Record<string, string> }

export function findState(session_ids: readonly string[]): Sql<State> {
  return sql`
    select openward.settled_xid()::text as horizon,
           (select coalesce(jsonb_object_agg(id, authority), '{}') from sessions
             where id = any(${session_ids}::uuid[]) and revoked_at is null and is_user_active
               and expires_at > clock_timestamp() and last_used_at + idle_limit > clock_timestamp()) as live`
}

/** Those between two positions, of settled transactions, oldest first. */
export function findEvents(
  after: Position,
  before: Position,
  { types, patient_id }: EventFilter,
  limit: number,
): Sql<StoredEvent> {
  const kinds = types?.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -2)) ?? null
  return sql`
    select id, recorded_xid::text as recorded_xid, type, subject_type, subject_id, patient_id, payload, created_at
      from events
     where (recorded_xid, id) > (${String(after.xid)}::xid8, ${after.id}::uuid) and recorded_xid < ${String(before.xid)}::xid8
       and (${kinds}::text[] is null or type = any(${types ?? null}::text[]) or split_part(type, '.', 1) = any(${kinds}::text[]))
       and (${patient_id ?? null}::uuid is null or patient_id = ${patient_id ?? null}::uuid)
     order by events.recorded_xid, events.id limit ${literal(limit)}`
}

/** How many there are between two positions, counted up to `most`. */
export function countEvents(after: Position, before: Position, most: number): Sql<{ count: number }> {
  return sql`
    select count(*)::int as count from (
      select from events
       where (recorded_xid, id) > (${String(after.xid)}::xid8, ${after.id}::uuid) and recorded_xid < ${String(before.xid)}::xid8
       order by recorded_xid, id limit ${literal(most)}) as later`
}
