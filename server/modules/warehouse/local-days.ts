// Instants as local days of the hospital, by the rules of its zone that figures go by, and moved by whole days.
import { startOf } from '#modules/analytics'

const dayMicroseconds = 86_400_000_000
const epoch = Temporal.PlainDate.from('1970-01-01')

export type LocalDays = {
  /** The local day of an instant, counted from 1970-01-01. */
  dayOf(microseconds: number): number
  /** The same time of another day, so many days later. */
  moved(microseconds: number, days: number): number
}

export function openLocalDays(timezone: string): LocalDays {
  const starts = new Map<number, number>()
  const startOfDay = (day: number) => {
    let start = starts.get(day)
    if (start === undefined) {
      start = startOf(epoch.add({ days: day }), timezone).epochMilliseconds * 1000
      starts.set(day, start)
    }
    return start
  }
  const dayOf = (microseconds: number) => {
    let day = Math.floor(microseconds / dayMicroseconds) + 1
    while (startOfDay(day) > microseconds) day -= 1
    return day
  }
  return {
    dayOf,
    moved(microseconds, days) {
      if (days === 0) return microseconds
      const day = dayOf(microseconds)
      return startOfDay(day + days) + microseconds - startOfDay(day)
    },
  }
}

/** Days since 1970-01-01. */
export function dayNumber(date: string): number {
  return epoch.until(Temporal.PlainDate.from(date), { largestUnit: 'day' }).days
}

/** The days of some years as rows of dim_date, both years included. */
export function calendarRows(from_year: number, to_year: number) {
  const rows: Record<string, string | number | boolean>[] = []
  const last = Temporal.PlainDate.from({ year: to_year, month: 12, day: 31 })
  for (
    let date = Temporal.PlainDate.from({ year: from_year, month: 1, day: 1 });
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    rows.push({
      date: epoch.until(date, { largestUnit: 'day' }).days,
      year: date.year,
      quarter: Math.ceil(date.month / 3),
      month: date.month,
      day: date.day,
      iso_weekday: date.dayOfWeek,
      iso_week: date.weekOfYear ?? 0,
      iso_week_year: date.yearOfWeek ?? 0,
      is_weekend: date.dayOfWeek > 5,
    })
  }
  return rows
}
