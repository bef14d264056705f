// Wall-clock days and times of a place, for sorting and placing; words/dates.ts is for reading.

const parts = new Map<string, Intl.DateTimeFormat>()

function formatIn(zone: string | undefined): Intl.DateTimeFormat {
  const key = zone ?? ''
  const known = parts.get(key)
  if (known) return known
  // Swedish dates and times are written as ISO 8601 writes them.
  const made = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: zone })
  parts.set(key, made)
  return made
}

/** The day of an instant in a place: `2026-12-01`. */
export function dateIn(instant: string | Date, zone?: string): string {
  return formatIn(zone).format(new Date(instant)).slice(0, 10)
}

/** Minutes since midnight on the wall clock of a place. */
export function minutesIn(instant: string, zone?: string): number {
  const text = formatIn(zone).format(new Date(instant))
  return Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))
}

export function addDays(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`)
  day.setUTCDate(day.getUTCDate() + days)
  return day.toISOString().slice(0, 10)
}
