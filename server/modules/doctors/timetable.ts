// The times that a calendar offers: its hours as slots, without those that the doctor takes off.
import type { Calendar } from './calendar.store.ts'
import { type DateRange, expandHours, freeSlots, type Slot, slotAt } from './slots.ts'

/** Expanding a day takes 10 µs, and a search for the next free slot looks at the same days of the same doctors each time. */
const mostDatesKept = 400
const kept = new WeakMap<Calendar, Map<string, readonly Slot[]>>()

/** The slots of a calendar on a date of its zone, in order of time. A calendar never changes: another version is another one. */
export function slotsOn(calendar: Calendar, date: string): readonly Slot[] {
  let dates = kept.get(calendar)
  if (!dates) kept.set(calendar, (dates = new Map()))
  let slots = dates.get(date)
  if (!slots) {
    slots = freeSlots(expandHours(calendar.hours, calendar.timezone, { from: date, to: date }), calendar.time_off)
    if (dates.size >= mostDatesKept) dates.clear()
    dates.set(date, slots)
  }
  return slots
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
