// Periods in local days of the hospital, and the days, weeks and months in them. Pure but for the clock.
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { mostDays, type PeriodQuery } from './analytics.contract.ts'

export type Period = {
  /** Local dates, both included. */
  from: string
  to: string
  timezone: string
  /** Instants; the end is not included. */
  starts_at: string
  ends_at: string
  is_over: boolean
}
export type Stretch = { from: string; to: string; is_partial: boolean }
export type StretchOf = 'day' | 'week' | 'month' | 'period'

/** What lies before a period, or a day after it, is still of a year that is written with four digits, in any zone. */
const [firstYear, lastYear] = [100, 9998]

/** @throws Problem invalidRequest */
export function readPeriod({ from, to }: PeriodQuery, timezone: string, path = '/query/to'): Period {
  const today = Temporal.Now.plainDateISO(timezone)
  const last = to === undefined ? (from === undefined ? today : later(today, from)) : Temporal.PlainDate.from(to)
  const first = from === undefined ? last.subtract({ days: 29 }) : Temporal.PlainDate.from(from)
  const days = first.until(last, { largestUnit: 'day' }).days + 1
  const wrong =
    days < 1
      ? 'Must not be before from'
      : days > mostDays
        ? `Must be within ${mostDays} days of from`
        : first.year < firstYear || last.year > lastYear
          ? `Must lie within the years ${firstYear} to ${lastYear}`
          : undefined
  if (wrong) throw new Problem(invalidRequest, { errors: [{ path, code: 'custom', message: wrong }] })
  return periodOf(first, last, timezone)
}

function later(date: Temporal.PlainDate, from: string): Temporal.PlainDate {
  const other = Temporal.PlainDate.from(from)
  return Temporal.PlainDate.compare(date, other) < 0 ? other : date
}

export function periodOf(first: Temporal.PlainDate, last: Temporal.PlainDate, timezone: string): Period {
  const ends_at = startOf(last.add({ days: 1 }), timezone)
  return {
    from: first.toString(),
    to: last.toString(),
    timezone,
    starts_at: startOf(first, timezone).toString(),
    ends_at: ends_at.toString(),
    is_over: Temporal.Instant.compare(ends_at, Temporal.Now.instant()) <= 0,
  }
}

/** As many days, just before. */
export function periodBefore({ from, to, timezone }: Period): Period {
  const [first, last] = [Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)]
  const days = first.until(last, { largestUnit: 'day' }).days + 1
  return periodOf(first.subtract({ days }), first.subtract({ days: 1 }), timezone)
}

/** The local days in order, each with its first instant: where the clock skips midnight, that is later. */
export function daysOf({ from, to, timezone }: Period): { date: string; starts_at: string }[] {
  const days: { date: string; starts_at: string }[] = []
  const last = Temporal.PlainDate.from(to)
  for (
    let date = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  )
    days.push({ date: date.toString(), starts_at: startOf(date, timezone).toString() })
  return days
}

/** The stretches that a period touches, cut to it: weeks begin on Monday. */
export function stretchesOf(period: Period, of: StretchOf): Stretch[] {
  const today = Temporal.Now.plainDateISO(period.timezone).toString()
  if (of === 'period') return [{ from: period.from, to: period.to, is_partial: !period.is_over }]
  const stretches: Stretch[] = []
  const last = Temporal.PlainDate.from(period.to)
  let date = Temporal.PlainDate.from(period.from)
  while (Temporal.PlainDate.compare(date, last) <= 0) {
    const [begin, end] = wholeAround(date, of)
    const to = Temporal.PlainDate.compare(end, last) < 0 ? end : last
    stretches.push({
      from: date.toString(),
      to: to.toString(),
      is_partial: !begin.equals(date) || !end.equals(to) || to.toString() >= today,
    })
    date = to.add({ days: 1 })
  }
  return stretches
}

function wholeAround(date: Temporal.PlainDate, of: 'day' | 'week' | 'month'): [Temporal.PlainDate, Temporal.PlainDate] {
  if (of === 'day') return [date, date]
  if (of === 'week') {
    const monday = date.subtract({ days: date.dayOfWeek - 1 })
    return [monday, monday.add({ days: 6 })]
  }
  return [date.with({ day: 1 }), date.with({ day: date.daysInMonth })]
}

export function startOf(date: Temporal.PlainDate | string, timezone: string): Temporal.Instant {
  return Temporal.PlainDate.from(date).toZonedDateTime(timezone).toInstant()
}

/** Older days are counted from the records whenever somebody asks for them. */
const mostYearsKept = 10

/** The first instants of the local days since `first_at` that have ended, and the end of the last; none where there are none. */
export function pastDays(now_at: string, first_at: string | null, timezone: string): string[] {
  if (first_at === null) return []
  const localDay = (at: string) => Temporal.Instant.from(at).toZonedDateTimeISO(timezone).toPlainDate()
  const today = localDay(now_at)
  const oldest = today.subtract({ years: mostYearsKept })
  let day = localDay(first_at)
  if (Temporal.PlainDate.compare(day, oldest) < 0) day = oldest
  if (Temporal.PlainDate.compare(day, today) >= 0) return []
  const bounds: string[] = []
  for (; Temporal.PlainDate.compare(day, today) <= 0; day = day.add({ days: 1 }))
    bounds.push(startOf(day, timezone).toString())
  return bounds
}
