// When a doctor can be booked: working hours on a wall clock, expanded into instants. Pure; knows no database.

/** Hours on the clock of a time zone. The default availability is one of these; a schedule block is another. */
export type WorkingHours = {
  /** 1 Monday to 7 Sunday. */
  weekdays: readonly number[]
  /** HH:MM; the end is on the same day, after the start. */
  start_time: string
  end_time: string
  slot_minutes: number
  /** Dates, both included; open where absent. */
  valid_from?: string | undefined
  valid_until?: string | undefined
}

/** Milliseconds since 1970; the end is not included. */
export type TimeRange = { starts_at_ms: number; ends_at_ms: number }
/** Local dates, both included. */
export type DateRange = { from: string; to: string }

const workdays = [1, 2, 3, 4, 5]

/** How far ahead of now a slot may be booked. */
export const bookingHorizonDays = 180

/** What a profile without schedule blocks means: its hours from Monday to Friday. */
export function defaultHours(profile: {
  available_from: string
  available_to: string
  consultation_minutes: number
}): WorkingHours {
  const { available_from, available_to, consultation_minutes } = profile
  return { weekdays: workdays, start_time: available_from, end_time: available_to, slot_minutes: consultation_minutes }
}

/**
 * The slots of some hours on some dates, in order of time. Wall-clock times hold across daylight saving: a slot that
 * touches the skipped hour does not exist, and the repeated hour is offered once, the first time.
 */
export function expandHours(hours: readonly WorkingHours[], timezone: string, { from, to }: DateRange): TimeRange[] {
  const slots: TimeRange[] = []
  const last = Temporal.PlainDate.from(to)
  for (
    let date = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    const text = date.toString()
    for (const block of hours) {
      if (!block.weekdays.includes(date.dayOfWeek)) continue
      if (text < (block.valid_from ?? text) || text > (block.valid_until ?? text)) continue
      slots.push(...slotsOfDay(block, timezone, date))
    }
  }
  return slots.sort((left, right) => left.starts_at_ms - right.starts_at_ms)
}

/** The slot that begins at this instant, if there is one. */
export function slotAt(hours: readonly WorkingHours[], timezone: string, starts_at_ms: number): TimeRange | undefined {
  const date = Temporal.Instant.fromEpochMilliseconds(starts_at_ms)
    .toZonedDateTimeISO(timezone)
    .toPlainDate()
    .toString()
  return expandHours(hours, timezone, { from: date, to: date }).find((slot) => slot.starts_at_ms === starts_at_ms)
}

/** The slots that no taken range touches. Both lists are in order of time; taken ranges do not overlap each other. */
export function freeSlots(slots: readonly TimeRange[], taken: readonly TimeRange[]): TimeRange[] {
  const ahead = taken.values()
  let next = ahead.next().value
  return slots.filter((slot) => {
    while (next && next.ends_at_ms <= slot.starts_at_ms) next = ahead.next().value
    return !next || next.starts_at_ms >= slot.ends_at_ms
  })
}

/** Canonical text of an instant. Through Temporal it takes 6 µs instead of 0.3, and a month of slots has thousands. */
export function instantText(at_ms: number): string {
  return new Date(at_ms).toISOString().replace('.000Z', 'Z')
}

/** The slots that begin nearest to an instant, in order of time. */
export function nearestSlots(slots: readonly TimeRange[], asked_ms: number, most: number): TimeRange[] {
  return slots
    .toSorted((left, right) => Math.abs(left.starts_at_ms - asked_ms) - Math.abs(right.starts_at_ms - asked_ms))
    .slice(0, most)
    .toSorted((left, right) => left.starts_at_ms - right.starts_at_ms)
}

function slotsOfDay({ start_time, end_time, slot_minutes }: WorkingHours, timezone: string, date: Temporal.PlainDate) {
  const midnight = date.toPlainDateTime()
  const [start, end] = [minutesOf(start_time), minutesOf(end_time)]
  const slot_ms = slot_minutes * 60_000
  const starts = Array.from(
    { length: Math.max(0, Math.floor((end - start) / slot_minutes)) },
    (_, at) => start + at * slot_minutes,
  )

  const first_wall = midnight.add({ minutes: start })
  const first = first_wall.toZonedDateTime(timezone)
  const after = midnight.add({ minutes: end }).toZonedDateTime(timezone)
  const isEven =
    first.offsetNanoseconds === after.offsetNanoseconds &&
    after.epochMilliseconds - first.epochMilliseconds === (end - start) * 60_000 &&
    first.toPlainDateTime().equals(first_wall)
  if (isEven) {
    return starts.map((minute) => {
      const starts_at_ms = first.epochMilliseconds + (minute - start) * 60_000
      return { starts_at_ms, ends_at_ms: starts_at_ms + slot_ms }
    })
  }

  // The clocks change within these hours.
  return starts.flatMap((minute) => {
    const wall = midnight.add({ minutes: minute })
    const zoned = wall.toZonedDateTime(timezone, { disambiguation: 'earlier' })
    if (!zoned.toPlainDateTime().equals(wall)) return []
    const ends_at_ms = zoned.epochMilliseconds + slot_ms
    const justBeforeEnd = Temporal.Instant.fromEpochMilliseconds(ends_at_ms - 1).toZonedDateTimeISO(timezone)
    // The clock jumped ahead within the slot: its last minutes are the first of the next.
    if (justBeforeEnd.offsetNanoseconds > zoned.offsetNanoseconds) return []
    return [{ starts_at_ms: zoned.epochMilliseconds, ends_at_ms }]
  })
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}
