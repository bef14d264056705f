// The time that doctors offered, by the schedule that was in force when each slot began. Pure; slots come from the function that
// bookings use.
import { defaultHours, expandHours, freeSlots, type TimeRange, type WorkingHours } from '#modules/doctors'

/** A state of a doctor's calendar; instants in milliseconds since 1970, the end not included. */
export type DoctorState = {
  doctor_id: string
  in_force_from_ms: number
  in_force_until_ms: number
  is_active: boolean
  department_id: string | null
  specialization: string
  timezone: string
  available_from: string
  available_to: string
  consultation_minutes: number
  blocks: readonly (Omit<WorkingHours, 'weekdays' | 'valid_until'> & { weekday: number; valid_until: string | null })[]
}

/** What one doctor offered within a time, in order. `states` and `time_off` are that doctor's, in order too. */
export function offeredSlots(
  states: readonly DoctorState[],
  time_off: readonly TimeRange[],
  { starts_at_ms, ends_at_ms }: TimeRange,
): TimeRange[] {
  return states.flatMap((state) => {
    const from_ms = Math.max(starts_at_ms, state.in_force_from_ms)
    const until_ms = Math.min(ends_at_ms, state.in_force_until_ms)
    if (!state.is_active || from_ms >= until_ms) return []
    const dateOf = (at_ms: number) =>
      Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(state.timezone).toPlainDate().toString()
    const slots = expandHours(hoursOf(state), state.timezone, { from: dateOf(from_ms), to: dateOf(until_ms - 1) })
    return freeSlots(
      slots.filter((slot) => slot.starts_at_ms >= from_ms && slot.starts_at_ms < until_ms),
      time_off,
    )
  })
}

function hoursOf({ blocks, ...profile }: DoctorState): WorkingHours[] {
  if (blocks.length === 0) return [defaultHours(profile)]
  return blocks.map(({ weekday, valid_until, ...block }) => {
    return { ...block, weekdays: [weekday], ...(valid_until === null ? {} : { valid_until }) }
  })
}

/** How long two lists of ranges have in common, each in order and without overlaps of its own. In milliseconds. */
export function commonTime(ones: readonly TimeRange[], others: readonly TimeRange[]): number {
  let common_ms = 0
  let at = 0
  for (const one of ones) {
    while (at < others.length && (others[at]?.ends_at_ms ?? 0) <= one.starts_at_ms) at += 1
    for (let next = at; next < others.length; next += 1) {
      const other = others[next]
      if (!other || other.starts_at_ms >= one.ends_at_ms) break
      common_ms += Math.min(one.ends_at_ms, other.ends_at_ms) - Math.max(one.starts_at_ms, other.starts_at_ms)
    }
  }
  return common_ms
}
