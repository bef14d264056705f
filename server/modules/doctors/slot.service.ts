import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Doctor } from './doctor.contract.ts'
import { type Calendar, type DoctorFilter, findCalendar, findCalendars, findDoctors } from './doctor.store.ts'
import type { NextSlotQuery, Slot, SlotQuery, Slots } from './slot.contract.ts'
import { findTakenRanges, type TakenRange } from './slot.store.ts'
import {
  bookingHorizonDays,
  type DateRange,
  defaultHours,
  expandHours,
  freeSlots,
  instantText,
  nearestSlots,
  type TimeRange,
} from './slots.ts'

const day_ms = 86_400_000
const defaultDays = 7
/** As many doctors as one search looks at. */
const mostDoctors = 1000
/** How many days a search for the next free slots reads at once: most are found in the first. */
const daysAtOnce = [3, 12, 45, 121]

type Timetable = Pick<Calendar, 'id' | 'timezone' | 'available_from' | 'available_to' | 'consultation_minutes'>

/** The free slots of a doctor on some dates of the doctor's zone. */
export async function listSlots(ctx: Context, doctor_id: string, query: SlotQuery): Promise<Slots> {
  const now_ms = nowMs()
  const anywhere = datesOf(query, Temporal.Now.plainDateISO('UTC').toString())
  const [calendar, taken] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findCalendar(doctor_id)), tx.rows(findTakenRanges([doctor_id], instantsOf(anywhere)))]),
  )
  if (!calendar?.is_active) throw new Problem(notFound)
  const dates = datesOf(query, Temporal.Now.plainDateISO(calendar.timezone).toString())
  return { items: freeOf(calendar, dates, taken, now_ms).map((range) => slotOf(doctor_id, range)) }
}

/** The next free slots of every doctor who matches, in order of time. */
export async function listNextSlots(ctx: Context, { from, limit, ...filter }: NextSlotQuery): Promise<Slots> {
  const now_ms = nowMs()
  const calendars = await ctx.database.once((tx) => tx.rows(findCalendars(filter, mostDoctors)))
  const ids = calendars.map(({ id }) => id)
  const found: Slot[] = []
  const yesterday = Temporal.Now.plainDateISO('UTC').subtract({ days: 1 }).toString()
  let first = Temporal.PlainDate.from(from === undefined || from < yesterday ? yesterday : from)
  for (const days of daysAtOnce) {
    if (ids.length === 0) break
    const dates = { from: first.toString(), to: first.add({ days: days - 1 }).toString() }
    const taken = byDoctor(await ctx.database.once((tx) => tx.rows(findTakenRanges(ids, instantsOf(dates)))))
    for (const calendar of calendars) {
      const free = freeOf(calendar, dates, taken.get(calendar.id) ?? [], now_ms)
      found.push(...free.slice(0, limit).map((range) => slotOf(calendar.id, range)))
    }
    first = first.add({ days })
    // The next day may begin most of a day earlier in a zone further east.
    const settled_ms = first.toZonedDateTime('UTC').epochMilliseconds - day_ms
    if (found.filter(({ start }) => Date.parse(start) < settled_ms).length >= limit) break
  }
  return {
    items: found
      .toSorted((left, right) => (left.start < right.start ? -1 : left.start > right.start ? 1 : 0))
      .slice(0, limit),
  }
}

/** Every doctor who matches, and whether they have a free slot on a date of their zone. */
export async function judgeDoctorsOn(
  ctx: Context,
  filter: DoctorFilter,
  date: string,
): Promise<{ doctor: Doctor; is_free: boolean }[]> {
  const dates = { from: date, to: date }
  const doctors = await ctx.database.once((tx) =>
    tx.rows(findDoctors(filter, { skip: 0, limit: mostDoctors, after: undefined })),
  )
  const ids = doctors.map(({ id }) => id)
  const taken = byDoctor(await ctx.database.once((tx) => tx.rows(findTakenRanges(ids, instantsOf(dates)))))
  const now_ms = nowMs()
  return doctors.map((doctor) => ({
    doctor,
    is_free: freeOf(doctor, dates, taken.get(doctor.id) ?? [], now_ms).length > 0,
  }))
}

/** What to offer instead of a time that cannot be had: the free slots nearest to it, within a week on either side. */
export async function findNearestSlots(
  ctx: Context,
  calendar: Timetable,
  asked_ms: number,
  avoided: readonly TimeRange[] = [],
): Promise<Slot[]> {
  const asked = Temporal.Instant.fromEpochMilliseconds(asked_ms).toZonedDateTimeISO(calendar.timezone).toPlainDate()
  const dates = { from: asked.subtract({ days: 7 }).toString(), to: asked.add({ days: 7 }).toString() }
  const taken = await ctx.database.once((tx) => tx.rows(findTakenRanges([calendar.id], instantsOf(dates))))
  const free = freeSlots(freeOf(calendar, dates, taken, nowMs()), avoided)
  return nearestSlots(free, asked_ms, 5).map((range) => slotOf(calendar.id, range))
}

function freeOf(calendar: Timetable, dates: DateRange, taken: readonly TakenRange[], now_ms: number): TimeRange[] {
  const ranges = taken.map(({ starts_at, ends_at }) => ({
    starts_at_ms: Date.parse(starts_at),
    ends_at_ms: Date.parse(ends_at),
  }))
  const last_ms = now_ms + bookingHorizonDays * day_ms
  const slots = expandHours([defaultHours(calendar)], calendar.timezone, dates)
  return freeSlots(
    slots.filter(({ starts_at_ms }) => starts_at_ms > now_ms && starts_at_ms <= last_ms),
    ranges,
  )
}

function slotOf(doctor_id: string, { starts_at_ms, ends_at_ms }: TimeRange): Slot {
  const duration_minutes = (ends_at_ms - starts_at_ms) / 60_000
  return { doctor_id, start: instantText(starts_at_ms), end: instantText(ends_at_ms), duration_minutes }
}

function datesOf({ from, to }: SlotQuery, today: string): DateRange {
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

function byDoctor(taken: readonly TakenRange[]): Map<string, TakenRange[]> {
  return Map.groupBy(taken, ({ doctor_id }) => doctor_id)
}

function nowMs(): number {
  return Temporal.Now.instant().epochMilliseconds
}
