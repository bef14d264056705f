// When a person can have been born.
import type { Flaw } from './flaw.ts'

/** Nobody is known to have lived longer than 122 years; the margin is the product's rule. */
export const OLDEST_AGE_YEARS = 130

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/

/**
 * Says what is wrong with a birth date (`YYYY-MM-DD`).
 * `today` is the hospital's local day: a child born tonight may be a day ahead of UTC.
 */
export function checkBirthDate(date: string, today: string): Flaw | undefined {
  if (!isRealDate(date)) return { code: 'invalid_date', message: 'A birth date is a real day, written YYYY-MM-DD.' }
  if (date > today) return { code: 'date_in_future', message: 'A birth date is not in the future.' }
  const earliest = Temporal.PlainDate.from(today).subtract({ years: OLDEST_AGE_YEARS }).toString()
  // Compared as text: both are four-digit years, whose order is that of the days.
  if (date < earliest) {
    return { code: 'date_too_long_ago', message: `A birth date is not more than ${OLDEST_AGE_YEARS} years ago.` }
  }
  return undefined
}

/** True for a day of the calendar written `YYYY-MM-DD`. */
export function isRealDate(text: string): boolean {
  if (!ISO_DATE.test(text)) return false
  const [year, month, day] = text.split('-').map(Number)
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12 || day < 1) return false
  return day <= Temporal.PlainYearMonth.from({ year, month }).daysInMonth
}
