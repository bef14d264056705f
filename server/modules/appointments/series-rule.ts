// The times of a series: its rule on the wall clock of the doctor, as instants. Pure.
import { RRuleTemporal } from 'rrule-temporal'
import { mostOccurrences, type Recurrence } from './recurrence.contract.ts'

/** `is_skipped`: the clocks go forward over this time, so that the day has none such; the instant is the one that follows. */
export type Occurrence = { occurrence: number; local_time: string; appointment_time: string; is_skipped: boolean }

/** Why a rule gives no series from its first time on: it has another first one, or more than `mostOccurrences`. */
export type RuleFault = 'not_first' | 'too_many'

/** Later days lie beyond the instants that the contract knows in some zone, and a rule without any day is searched no further. */
const farthest = '9998-12-31'

/**
 * The occurrences from the first on. The library gives the dates, in UTC, where no clock changes; the time of day is the first
 * one's on each of them, so that an occurrence in the skipped hour is told and not left out. In the repeated hour it is the first.
 */
export function expandSeries(rule: Recurrence, first: Temporal.ZonedDateTime): Occurrence[] | RuleFault {
  const { timeZoneId } = first
  const time = first.toPlainTime()
  const last = lastDate(rule, first)
  const dates: string[] = []
  const { freq, interval, by_day, by_month_day, wkst, count = mostOccurrences + 1 } = rule
  new RRuleTemporal({
    freq,
    interval,
    wkst,
    dtstart: first.toPlainDate().toZonedDateTime('UTC'),
    until: Temporal.PlainDate.from(last < farthest ? last : farthest).toZonedDateTime('UTC'),
    ...(by_day.length > 0 ? { byDay: by_day } : {}),
    ...(by_month_day.length > 0 ? { byMonthDay: by_month_day } : {}),
  }).all((date) => {
    dates.push(date.toPlainDate().toString())
    return dates.length < count
  })
  const all = dates.map((date, at): Occurrence => {
    const wall = Temporal.PlainDate.from(date).toPlainDateTime(time)
    const { appointment_time, is_skipped } = onClock(wall, timeZoneId)
    return { occurrence: at + 1, local_time: wall.toString({ smallestUnit: 'minute' }), appointment_time, is_skipped }
  })
  const { until } = rule
  const within = all.filter(
    (one) =>
      until === undefined ||
      !('instant' in until) ||
      Temporal.Instant.compare(one.appointment_time, until.instant) <= 0,
  )
  if (within[0]?.appointment_time !== first.toInstant().toString()) return 'not_first'
  return within.length > mostOccurrences ? 'too_many' : within
}

/** A wall-clock time as an instant: of the repeated hour the first, of the skipped one what the clock would show without the change. */
export function onClock(wall: Temporal.PlainDateTime, timezone: string) {
  const zoned = wall.toZonedDateTime(timezone, { disambiguation: 'compatible' })
  return { appointment_time: zoned.toInstant().toString(), is_skipped: !zoned.toPlainDateTime().equals(wall) }
}

function lastDate({ until }: Recurrence, { timeZoneId }: Temporal.ZonedDateTime): string {
  if (until === undefined) return farthest
  if ('date' in until) return until.date
  return Temporal.Instant.from(until.instant).toZonedDateTimeISO(timeZoneId).toPlainDate().toString()
}
