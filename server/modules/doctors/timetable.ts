// The times that a calendar offers: its hours as slots, without those that the doctor takes off.
import type { Calendar } from './calendar.store.ts'
import { type DateRange, expandHours, freeSlots, type Slot, slotAt } from './slots.ts'

/** Expanding a day takes 10 µs, and a search for the next free slot looks at the same days of the same doctors each time. */
const mostDatesKept = 400
/** Of all calendars together, a date without any counted as one: some 50 MB. The first days of a thousand doctors are 50,000. */
const mostSlotsKept = 500_000
let kept = new WeakMap<Calendar, Map<string, readonly Slot[]>>()
let keptSlots = 0

/** The slots of a calendar on a date of its zone, in order of time. A calendar never changes: another version is another one. */
export function slotsOn(calendar: Calendar, date: string): readonly Slot[] {
  const known = kept.get(calendar)?.get(date)
  if (known) return known
  const slots = freeSlots(expandHours(calendar.hours, calendar.timezone, { from: date, to: date }), calendar.time_off)
  keep(calendar, date, slots)
  return slots
}

/** Where it is too much all is let go: what is searched for often is there again after the next search. */
function keep(calendar: Calendar, date: string, slots: readonly Slot[]) {
  keptSlots += Math.max(1, slots.length)
  if (keptSlots > mostSlotsKept) {
    kept = new WeakMap()
    keptSlots = Math.max(1, slots.length)
  }
  const dates = kept.get(calendar) ?? new Map<string, readonly Slot[]>()
  if (dates.size >= mostDatesKept) dates.clear()
  kept.set(calendar, dates.set(date, slots))
}

export function slotsBetween(calendar: Calendar, { from, to }: DateRange): Slot[] {
  const slots: Slot[] = []
  const last = Temporal.PlainDate.from(to)
  for (
    let date = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    slots.push(...slotsOn(calendar, date.toString()))
  }
  return slots
}

/** The slot that begins at this instant, if the calendar offers one. */
export function offeredSlotAt(calendar: Calendar, starts_at_ms: number): Slot | undefined {
  const slot = slotAt(calendar.hours, calendar.timezone, starts_at_ms)
  return slot && freeSlots([slot], calendar.time_off)[0]
}
