// The free slots of a doctor at some time, for whoever gives them away in the same transaction.
import type { Tx } from '#platform/database/transaction.ts'
import { type Calendar, calendarOf, findCalendars, lockCalendar } from './calendar.store.ts'
import { findTakenRanges } from './slot.store.ts'
import { bookingHorizonDays, freeSlots, type Slot, type TimeRange } from './slots.ts'
import { slotsBetween } from './timetable.ts'

const [longestSlot_ms, day_ms] = [240 * 60_000, 86_400_000]

/**
 * The free slots that lie at this time, or overlap it, between now and the horizon, in order. The calendar stays as it is until the
 * transaction ends; whether a slot stays free is for the constraint to say. Undefined where the doctor cannot be booked.
 */
export async function lockFreeSlots(
  tx: Tx,
  doctor_id: string,
  { starts_at_ms, ends_at_ms }: TimeRange,
): Promise<{ calendar: Calendar; slots: Slot[] } | undefined> {
  const now_ms = Temporal.Now.instant().epochMilliseconds
  const from_ms = Math.max(starts_at_ms, now_ms)
  const to_ms = Math.min(ends_at_ms, now_ms + bookingHorizonDays * day_ms)
  if (from_ms >= to_ms) return undefined
  const around = { starts_at_ms: from_ms - longestSlot_ms, ends_at_ms: to_ms + longestSlot_ms }
  const [, stored, taken] = await Promise.all([
    tx.run(lockCalendar(doctor_id)),
    tx.first(findCalendars([doctor_id])),
    tx.rows(findTakenRanges([doctor_id], around)),
  ])
  if (!stored?.is_active) return undefined
  const calendar = calendarOf(stored)
  const dateAt = (at_ms: number) =>
    Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(calendar.timezone).toPlainDate().toString()
  const offered = slotsBetween(calendar, { from: dateAt(around.starts_at_ms), to: dateAt(around.ends_at_ms) }).filter(
    (slot) => slot.starts_at_ms > now_ms && slot.starts_at_ms < to_ms && slot.ends_at_ms > starts_at_ms,
  )
  const ranges = taken.map((row) => ({ starts_at_ms: Date.parse(row.starts_at), ends_at_ms: Date.parse(row.ends_at) }))
  return { calendar, slots: freeSlots(offered, ranges) }
}
