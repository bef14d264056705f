// The hospital's local day.

let known: { timezone: string; second: number; day: string } | undefined

/** Today in a zone, `YYYY-MM-DD`. Asked at every registration, so the answer is kept for the second that it is true for. */
export function localDay(timezone: string): string {
  const second = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000)
  if (known?.second !== second || known.timezone !== timezone) {
    known = { timezone, second, day: Temporal.Now.plainDateISO(timezone).toString() }
  }
  return known.day
}
