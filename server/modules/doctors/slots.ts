// When a doctor can be booked: working hours on a wall clock, expanded into instants. Pure; knows no database.

/** Hours on the clock of a time zone. The default availability is one of these; a schedule block is another. */
export type WorkingHours = {
  /** 1 Monday to 7 Sunday. */
  weekdays: readonly number[]
  /** HH:MM; the end is on the same day, after the start, and may be 24:00. */
  start_time: string
  end_time: string
  slot_minutes: number
  /** Of the slots, 0 to 1: kept for urgent and emergency bookings. */
  emergency_share?: number
  /** Where, if not where the doctor usually is. */
  location?: string | null
  /** Dates, both included; open where absent. */
  valid_from?: string | undefined
  valid_until?: string | undefined
}

/** Milliseconds since 1970; the end is not included. */
export type TimeRange = { starts_at_ms: number; ends_at_ms: number }
/** A piece of some hours. A reserved one is for urgent and emergency bookings. */
export type Slot = TimeRange & { is_reserved: boolean; location: string | null }
/** Local dates, both included. */
export type DateRange = { from: string; to: string }

const workdays = [1, 2, 3, 4, 5]
const minute_ms = 60_000
const day_ms = 1440 * minute_ms

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
export function expandHours(hours: readonly WorkingHours[], timezone: string, { from, to }: DateRange): Slot[] {
  const slots: Slot[] = []
  const last = Temporal.PlainDate.from(to)
  for (
    let date = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    const text = date.toString()
    for (const block of hours) {
      if (isWorkedOn(block, date.dayOfWeek, text)) slots.push(...slotsOfDay(block, timezone, date))
    }
  }
  return slots.sort((left, right) => left.starts_at_ms - right.starts_at_ms)
}

/**
 * Whether these hours, back to back ones taken together, cover the whole of a time. In an hour that is repeated within it either
 * reading of the clock will do.
 */
export function coversTime(
  hours: readonly WorkingHours[],
  timezone: string,
  { starts_at_ms, ends_at_ms }: TimeRange,
): boolean {
  const first = Temporal.Instant.fromEpochMilliseconds(starts_at_ms).toZonedDateTimeISO(timezone)
  for (let at_ms = starts_at_ms; at_ms < ends_at_ms;) {
    const zoned = Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(timezone)
    const change_ms = zoned.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity
    const stretch_ms = Math.min(ends_at_ms, change_ms) - at_ms
    const walls = [zoned, first].map(({ offsetNanoseconds }) => at_ms + offsetNanoseconds / 1e6)
    if (!walls.some((wall_ms) => coversWall(hours, wall_ms, wall_ms + stretch_ms))) return false
    at_ms += stretch_ms
  }
  return true
}

/** Of a clock that does not change meanwhile; its times as milliseconds of a day counted from 1970, as if it showed UTC. */
function coversWall(hours: readonly WorkingHours[], from_ms: number, until_ms: number): boolean {
  let covered_ms = from_ms
  while (covered_ms < until_ms) {
    const wall = Temporal.Instant.fromEpochMilliseconds(covered_ms).toZonedDateTimeISO('UTC')
    const midnight_ms = covered_ms - (covered_ms % day_ms)
    const date = wall.toPlainDate().toString()
    const minute = (covered_ms - midnight_ms) / minute_ms
    const block = hours.find(
      (one) =>
        isWorkedOn(one, wall.dayOfWeek, date) &&
        minutesOf(one.start_time) <= minute &&
        minute < minutesOf(one.end_time),
    )
    if (!block) return false
    covered_ms = midnight_ms + minutesOf(block.end_time) * minute_ms
  }
  return true
}

/** The slot that begins at this instant, if there is one. */
export function slotAt(hours: readonly WorkingHours[], timezone: string, starts_at_ms: number): Slot | undefined {
  const date = Temporal.Instant.fromEpochMilliseconds(starts_at_ms)
    .toZonedDateTimeISO(timezone)
    .toPlainDate()
    .toString()
  return expandHours(hours, timezone, { from: date, to: date }).find((slot) => slot.starts_at_ms === starts_at_ms)
}

/** The slots that no taken range touches. Both lists are in order of their starts. */
export function freeSlots<T extends TimeRange>(slots: readonly T[], taken: readonly TimeRange[]): T[] {
  const ahead = taken.values()
  let next = ahead.next().value
  return slots.filter((slot) => {
    while (next && next.ends_at_ms <= slot.starts_at_ms) next = ahead.next().value
    return !next || next.starts_at_ms >= slot.ends_at_ms
  })
}

/** A slot of a doctor as the wire shows it. */
export function shownSlot(doctor_id: string, { starts_at_ms, ends_at_ms }: TimeRange) {
  const duration_minutes = (ends_at_ms - starts_at_ms) / minute_ms
  return { doctor_id, start: instantText(starts_at_ms), end: instantText(ends_at_ms), duration_minutes }
}

/** Canonical text of an instant. Through Temporal it takes 6 µs instead of 0.3, and a month of slots has thousands. */
export function instantText(at_ms: number): string {
  return new Date(at_ms).toISOString().replace('.000Z', 'Z')
}

/** The slots that begin nearest to an instant, in order of time. */
export function nearestSlots<T extends TimeRange>(slots: readonly T[], asked_ms: number, most: number): T[] {
  return slots
    .toSorted((left, right) => Math.abs(left.starts_at_ms - asked_ms) - Math.abs(right.starts_at_ms - asked_ms))
    .slice(0, most)
    .toSorted((left, right) => left.starts_at_ms - right.starts_at_ms)
}

/**
 * Which of a day's slots are kept for urgent and emergency bookings: the share rounded up to whole slots, spread evenly over the
 * day. It depends on the hours as they are configured and on nothing else, so that the same times are kept on every day.
 */
export function reservedAmong(slots: number, share: number): Set<number> {
  // Seven hundredths of a hundred are seven, not 7.000000000000001.
  const reserved = Math.min(slots, Math.ceil(slots * share - 1e-9))
  return new Set(Array.from({ length: reserved }, (_, at) => Math.floor(((at + 0.5) * slots) / reserved)))
}

function isWorkedOn({ weekdays, valid_from, valid_until }: WorkingHours, weekday: number, date: string): boolean {
  return weekdays.includes(weekday) && date >= (valid_from ?? date) && date <= (valid_until ?? date)
}

function slotsOfDay(hours: WorkingHours, timezone: string, date: Temporal.PlainDate): Slot[] {
  const { slot_minutes, emergency_share = 0, location = null } = hours
  const midnight = date.toPlainDateTime()
  const [start, end] = [minutesOf(hours.start_time), minutesOf(hours.end_time)]
  const slot_ms = slot_minutes * minute_ms
  const count = Math.max(0, Math.floor((end - start) / slot_minutes))
  const reserved = reservedAmong(count, emergency_share)
  const slotOf = (at: number, starts_at_ms: number): Slot => {
    return { starts_at_ms, ends_at_ms: starts_at_ms + slot_ms, is_reserved: reserved.has(at), location }
  }
  const numbers = Array.from({ length: count }, (_, at) => at)

  const first_wall = midnight.add({ minutes: start })
  const first = first_wall.toZonedDateTime(timezone)
  const after = midnight.add({ minutes: end }).toZonedDateTime(timezone)
  const isEven =
    first.offsetNanoseconds === after.offsetNanoseconds &&
    after.epochMilliseconds - first.epochMilliseconds === (end - start) * minute_ms &&
    first.toPlainDateTime().equals(first_wall)
  if (isEven) return numbers.map((at) => slotOf(at, first.epochMilliseconds + at * slot_ms))

  // The clocks change within these hours.
  return numbers.flatMap((at) => {
    const wall = midnight.add({ minutes: start + at * slot_minutes })
    const zoned = wall.toZonedDateTime(timezone, { disambiguation: 'earlier' })
    if (!zoned.toPlainDateTime().equals(wall)) return []
    const slot = slotOf(at, zoned.epochMilliseconds)
    const justBeforeEnd = Temporal.Instant.fromEpochMilliseconds(slot.ends_at_ms - 1).toZonedDateTimeISO(timezone)
    // The clock jumped ahead within the slot: its last minutes are the first of the next.
    return justBeforeEnd.offsetNanoseconds > zoned.offsetNanoseconds ? [] : [slot]
  })
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}
