// Dates and times as people of a place write them.
import { useMemo } from 'react'
import { useSpoken } from './words.tsx'

/** `1984-02-29` is a day without a zone: read at noon in UTC and written in UTC it stays that day. */
const dayOf = (date: string) => new Date(`${date}T12:00:00Z`)

export function useDates() {
  const { locale } = useSpoken()
  return useMemo(() => {
    const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
    const long = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' })
    const hour = new Intl.DateTimeFormat(locale, { hour: 'numeric', timeZone: 'UTC' })
    return {
      /** Of a whole hour of any day. */
      hour: (hours: number) => hour.format(new Date(Date.UTC(2000, 0, 1, hours))),
      /** Of a date. */
      day: (date: string) => day.format(dayOf(date)),
      weekday: (date: string) => long.format(dayOf(date)),
      /** Of an instant, on the clock of a place, or of this device. */
      time: (instant: string, zone?: string) =>
        new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: zone }).format(new Date(instant)),
      /** To the second, as logs are read. */
      precise: (instant: string) =>
        new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(instant)),
      moment: (instant: string, zone?: string) =>
        new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone: zone }).format(
          new Date(instant),
        ),
      short: (instant: string, zone?: string) =>
        new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(
          new Date(instant),
        ),
    }
  }, [locale])
}
