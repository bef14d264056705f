import { type Sql, sql } from '#platform/database/sql.ts'
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
