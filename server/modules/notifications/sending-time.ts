// When a notice may go out: not in the quiet hours of whoever receives it, unless it would then come too late. Pure.

/** Hours on the clock of a zone; `quiet_until` may be on the next day. */
export type QuietHours = { quiet_from: string; quiet_until: string; timezone: string }

type Chosen = { quiet_from: string | null; quiet_until: string | null; quiet_timezone: string | null }

/** Those that somebody chose, if they did; in the zone of the house unless they chose that, too. */
export function quietHours(
  { quiet_from, quiet_until, quiet_timezone }: Chosen,
  timezone: string,
): QuietHours | undefined {
  if (quiet_from === null || quiet_until === null) return undefined
  return { quiet_from, quiet_until, timezone: quiet_timezone ?? timezone }
}

/** What changes an appointment that begins so soon is told at once, at night as well. */
const urgentHours = 12

/**
 * The instant from which a notice may go out: `asked` itself outside the quiet hours, else their end. A notice of something that
 * begins within twelve hours, or before the quiet hours end, does not wait.
 */
export function sendingTime(asked: string, starts_at: string, quiet: QuietHours | undefined): string {
  const at = Temporal.Instant.from(asked)
  const start = Temporal.Instant.from(starts_at)
  if (!quiet || start.since(at).total('hours') < urgentHours) return at.toString()
  const end = endOfQuiet(at.toZonedDateTimeISO(quiet.timezone), quiet)
  return end === undefined || Temporal.Instant.compare(end, start) >= 0 ? at.toString() : end.toString()
}

/** When the quiet hours end that this moment lies in; undefined outside them. */
function endOfQuiet(at: Temporal.ZonedDateTime, { quiet_from, quiet_until }: QuietHours): Temporal.Instant | undefined {
  const from = Temporal.PlainTime.from(quiet_from)
  const until = Temporal.PlainTime.from(quiet_until)
  const now = at.toPlainTime()
  const overnight = Temporal.PlainTime.compare(from, until) > 0
  const isAfterFrom = Temporal.PlainTime.compare(now, from) >= 0
  const isBeforeUntil = Temporal.PlainTime.compare(now, until) < 0
  if (overnight ? !isAfterFrom && !isBeforeUntil : !(isAfterFrom && isBeforeUntil)) return undefined
  const date = overnight && isAfterFrom ? at.toPlainDate().add({ days: 1 }) : at.toPlainDate()
  return date.toZonedDateTime({ timeZone: at.timeZoneId, plainTime: until }).toInstant()
}
