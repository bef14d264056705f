import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { type Calendar, calendarOf, findCalendars } from './calendar.store.ts'
import type { SlotPriority, SlotQuery, Slots } from './slot.contract.ts'
import { findTakenRanges, type TakenRange } from './slot.store.ts'
import {
  bookingHorizonDays,
  type DateRange,
  freeSlots,
  nearestSlots,
  type Slot,
  shownSlot,
  type TimeRange,
} from './slots.ts'
import { slotsBetween } from './timetable.ts'

const day_ms = 86_400_000
const defaultDays = 7

/** The free slots of a doctor on some dates of the doctor's zone. */
export async function listSlots(ctx: Context, doctor_id: string, query: SlotQuery): Promise<Slots> {
  const now_ms = nowMs()
  const anywhere = datesOf(query, Temporal.Now.plainDateISO('UTC').toString())
  const [stored, taken] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findCalendars([doctor_id])), tx.rows(findTakenRanges([doctor_id], instantsOf(anywhere)))]),
  )
  if (!stored?.is_active) throw new Problem(notFound)
  const dates = datesOf(query, Temporal.Now.plainDateISO(stored.timezone).toString())
  const free = freeOf(calendarOf(stored), dates, taken, query.priority, now_ms)
  return { items: free.map((slot) => shownSlot(doctor_id, slot)) }
}

/** What to offer instead of a time that cannot be had: the free slots nearest to it, within a week on either side. */
export async function findNearestSlots(
  ctx: Context,
  calendar: Calendar,
  asked_ms: number,
  avoided: readonly TimeRange[] = [],
  priority: SlotPriority = 'routine',
): Promise<Slots['items']> {
  const [items] = await findNearestSlotsToEach(ctx, calendar, [asked_ms], avoided, priority)
  return items ?? []
}

/** As `findNearestSlots`, for each of several times, with one question to the database. */
export async function findNearestSlotsToEach(
  ctx: Context,
  calendar: Calendar,
  asked_ms: readonly number[],
  avoided: readonly TimeRange[],
  priority: SlotPriority,
): Promise<Slots['items'][]> {
  if (asked_ms.length === 0) return []
  // All but one of those who want one time ask this in the same moment: they are told the same. Where the one who asked is refused
  // (their session ended, say), the others ask for themselves.
  const question = JSON.stringify([calendar.id, calendar.version, asked_ms, avoided, priority])
  const asking = underWay.get(question)
  const told = asking && (await asking.catch(() => undefined))
  if (told) return told
  const answer = askNearestSlots(ctx, calendar, asked_ms, avoided, priority)
  underWay.set(question, answer)
  return answer.finally(() => {
    if (underWay.get(question) === answer) underWay.delete(question)
  })
}
const underWay = new Map<string, Promise<Slots['items'][]>>()

async function askNearestSlots(
  ctx: Context,
  calendar: Calendar,
  asked_ms: readonly number[],
  avoided: readonly TimeRange[],
  priority: SlotPriority,
): Promise<Slots['items'][]> {
  const dateOf = (at_ms: number) =>
    Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(calendar.timezone).toPlainDate()
  const around = (first_ms: number, last_ms: number): DateRange => ({
    from: dateOf(first_ms).subtract({ days: 7 }).toString(),
    to: dateOf(last_ms).add({ days: 7 }).toString(),
  })
  const span = instantsOf(around(Math.min(...asked_ms), Math.max(...asked_ms)))
  const taken = await ctx.database.read(findTakenRanges([calendar.id], span))
  const now_ms = nowMs()
  return asked_ms.map((at_ms) => {
    const free = freeSlots(freeOf(calendar, around(at_ms, at_ms), taken, priority, now_ms), avoided)
    return nearestSlots(free, at_ms, 5).map((slot) => shownSlot(calendar.id, slot))
  })
}

function freeOf(
  calendar: Calendar,
  dates: DateRange,
  taken: readonly TakenRange[],
  priority: SlotPriority,
  now_ms: number,
): Slot[] {
  const ranges = taken.map(({ starts_at, ends_at }) => ({
    starts_at_ms: Date.parse(starts_at),
    ends_at_ms: Date.parse(ends_at),
  }))
  const last_ms = now_ms + bookingHorizonDays * day_ms
  const slots = slotsBetween(calendar, dates).filter(
    ({ starts_at_ms, is_reserved }) =>
      starts_at_ms > now_ms && starts_at_ms <= last_ms && (!is_reserved || priority !== 'routine'),
  )
  return freeSlots(slots, ranges)
}

function datesOf({ from, to }: Pick<SlotQuery, 'from' | 'to'>, today: string): DateRange {
  const add = (date: string, days: number) => Temporal.PlainDate.from(date).add({ days }).toString()
  const first = from ?? (to === undefined ? today : add(to, 1 - defaultDays))
  return { from: first, to: to ?? add(first, defaultDays - 1) }
}

/** These dates in any zone (the earliest is 14 hours ahead of UTC, the latest 12 behind), as far as slots are offered. */
function instantsOf({ from, to }: DateRange): TimeRange {
  const midnight = (date: string) => Temporal.PlainDate.from(date).toZonedDateTime('UTC').epochMilliseconds
  const within = (at_ms: number) =>
    Math.min(Math.max(at_ms, nowMs() - day_ms), nowMs() + (bookingHorizonDays + 2) * day_ms)
  return { starts_at_ms: within(midnight(from) - day_ms), ends_at_ms: within(midnight(to) + 2 * day_ms) }
}

function nowMs(): number {
  return Temporal.Now.instant().epochMilliseconds
}
