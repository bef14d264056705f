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
  // Compared as text: both are four-digit years, whose order is that of the days.
  if (date < earliestBefore(today)) {
    return { code: 'date_too_long_ago', message: `A birth date is not more than ${OLDEST_AGE_YEARS} years ago.` }
  }
  return undefined
}

let known: { today: string; earliest: string } | undefined

/** Asked of every row of an import, so the answer is kept for the day that it is true for. */
function earliestBefore(today: string): string {
  if (known?.today !== today) {
    known = { today, earliest: Temporal.PlainDate.from(today).subtract({ years: OLDEST_AGE_YEARS }).toString() }
  }
  return known.earliest
}

/** True for a day of the calendar written `YYYY-MM-DD`. (Temporal takes twenty times as long, at every registration.) */
export function isRealDate(text: string): boolean {
  if (!ISO_DATE.test(text)) return false
  const instant = new Date(`${text}T00:00:00Z`)
  // The 30th of February is read as a day of March.
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text)
}
