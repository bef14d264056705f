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

/** The instant at which the wall clock of a place shows this day and minute; what the clocks skip is moved on by as much. */
export function instantAt(date: string, minutes: number, zone?: string): string {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minutes * 60_000
  const shown = (ms: number) => {
    const instant = new Date(ms).toISOString()
    return Date.parse(`${dateIn(instant, zone)}T00:00:00Z`) + minutesIn(instant, zone) * 60_000
  }
  // Twice, since the difference to UTC may change between the guess and the answer.
  const once = wanted - (shown(wanted) - wanted)
  return new Date(once - (shown(once) - wanted)).toISOString()
}

/** Monday of the week of a day, and the six days after it. */
export function weekOf(date: string): string[] {
  const day = new Date(`${date}T00:00:00Z`).getUTCDay()
  const monday = addDays(date, -((day + 6) % 7))
  return Array.from({ length: 7 }, (_, at) => addDays(monday, at))
}
