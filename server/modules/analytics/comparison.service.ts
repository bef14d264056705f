import type { Context } from '#platform/context.ts'
import type { AdminAnalytics, PeriodQuery } from './analytics.contract.ts'
import { type ComparedRow, type ComparedSubject, findCompared } from './comparison.store.ts'
import { addressOf } from './figure-rows.ts'
import { findMoment } from './doctor-days.store.ts'
import { requireEveryone } from './own-figures.ts'
import { type Period, periodBefore, readPeriod } from './period.ts'

/** @throws Problem invalidRequest, figuresOfAll */
export async function comparePeriods(ctx: Context, query: PeriodQuery): Promise<AdminAnalytics> {
  requireEveryone(ctx)
  const period = readPeriod(query, ctx.system.configuration.timezone)
  const before = periodBefore(period)
  const until = countedUntil(period)
  const [moment, rows] = await ctx.counting().once((tx) =>
    Promise.all([
      tx.one(findMoment()),
      tx.rows(
        findCompared({
          starts_at: period.starts_at,
          ends_at: until.current,
          previous_starts_at: before.starts_at,
          previous_ends_at: until.previous,
        }),
      ),
    ]),
  )
  const of = (subject: ComparedSubject) => {
    const parts = rows.filter((row) => row.subject === subject && row.current + row.previous > 0)
    return { ...compared(parts), parts: parts.map((row) => ({ part: row.part, ...compared([row]) })) }
  }
  return {
    ...period,
    as_of: moment.as_of,
    previous_from: before.from,
    previous_to: before.to,
    counted_until: until.current,
    users: of('users'),
    appointments: of('appointments'),
    visits: of('visits'),
    prescriptions: of('prescriptions'),
    documents: of('documents'),
    rows: addressOf('admin_analytics', period),
  }
}

/**
 * A period that goes on is compared with as much of the one before: up to the same time on the clock, as many days ago. Whole days
 * are moved on the calendar, so that a change of the clocks between the two moves nothing.
 */
export function countedUntil(period: Period, now = Temporal.Now.instant()): { current: string; previous: string } {
  const { from, starts_at, ends_at, timezone } = period
  const days = Temporal.PlainDate.from(from).until(period.to, { largestUnit: 'day' }).days + 1
  const isOn = Temporal.Instant.compare(now, starts_at) > 0 && Temporal.Instant.compare(now, ends_at) < 0
  const current = isOn ? now : Temporal.Instant.from(ends_at)
  return {
    current: current.toString(),
    previous: isOn ? current.toZonedDateTimeISO(timezone).subtract({ days }).toInstant().toString() : starts_at,
  }
}

function compared(rows: readonly ComparedRow[]) {
  const current = rows.reduce((sum, row) => sum + row.current, 0)
  const previous = rows.reduce((sum, row) => sum + row.previous, 0)
  return {
    current,
    previous,
    change: previous === 0 ? null : Math.round(((current - previous) / previous) * 1e6) / 1e6,
  }
}
