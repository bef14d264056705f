// How long an offer lasts, and when it is told: long enough to be read by day, short enough that somebody else still gets it. Pure.
import { type QuietHours, sendingTime } from '#modules/notifications'

/** What begins sooner is offered to nobody. */
const leastLead_minutes = 60
/** An offer lasts a quarter of the time that is left, within these limits. */
const [least_minutes, most_minutes] = [15, 240]
/** Who chose no quiet hours is told at once at night, too; the time to answer is counted from the morning. */
const night = { quiet_from: '21:00', quiet_until: '08:00' }

const wholeSeconds = { smallestUnit: 'second', roundingMode: 'floor' } as const

export type OfferTime = { tell_at: string; expires_at: string }

/**
 * Undefined where it is too late to offer a time that begins then. Quiet hours do not use an offer up: it is told when they are over
 * and lasts from there. What begins within twelve hours, or before the quiet hours are long enough over, is told at once.
 */
export function offerTime(
  now: string,
  starts_at: string,
  own: QuietHours | undefined,
  timezone: string,
): OfferTime | undefined {
  const start = Temporal.Instant.from(starts_at)
  const left = (from: string) => Temporal.Instant.from(from).until(start).total('minutes')
  if (left(now) < leastLead_minutes) return undefined
  const quiet = own ?? { ...night, timezone }
  const morning = sendingTime(now, starts_at, quiet)
  const counted_from = left(morning) < leastLead_minutes ? now : morning
  const minutes = Math.min(most_minutes, Math.max(least_minutes, Math.floor(left(counted_from) / 4)))
  const expires_at = Temporal.Instant.from(counted_from).add({ minutes }).round(wholeSeconds).toString()
  return { tell_at: own ? counted_from : now, expires_at }
}
