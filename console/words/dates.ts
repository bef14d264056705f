// Dates and times as people of a place write them.
import { useSpoken } from './words.tsx'

/** `1984-02-29` is a day without a zone: read at noon in UTC and written in UTC it stays that day. */
const dayOf = (date: string) => new Date(`${date}T12:00:00Z`)

const styles = {
  day: { dateStyle: 'medium' },
  weekday: { weekday: 'long', day: 'numeric', month: 'long' },
  hour: { hour: 'numeric' },
  time: { timeStyle: 'short' },
  precise: { dateStyle: 'medium', timeStyle: 'medium' },
  moment: { dateStyle: 'full', timeStyle: 'short' },
  short: { dateStyle: 'medium', timeStyle: 'short' },
} satisfies Record<string, Intl.DateTimeFormatOptions>

type Dates = ReturnType<typeof datesOf>
const known = new Map<string, Dates>()

/** One for all that is shown: making a format takes longer than a hundred uses of it. */
export function useDates(): Dates {
  const { locale } = useSpoken()
  const dates = known.get(locale) ?? datesOf(locale)
  known.set(locale, dates)
  return dates
}

function datesOf(locale: string) {
  const formats = new Map<string, Intl.DateTimeFormat>()
  const write = (style: keyof typeof styles, instant: Date, zone?: string) => {
    const key = `${style} ${zone}`
    const format = formats.get(key) ?? new Intl.DateTimeFormat(locale, { ...styles[style], timeZone: zone })
    formats.set(key, format)
    return format.format(instant)
  }
  return {
    /** Of a whole hour of any day. */
    hour: (hours: number) => write('hour', new Date(Date.UTC(2000, 0, 1, hours)), 'UTC'),
    /** Of a date. */
    day: (date: string) => write('day', dayOf(date), 'UTC'),
    weekday: (date: string) => write('weekday', dayOf(date), 'UTC'),
    /** Of an instant, on the clock of a place, or of this device. */
    time: (instant: string, zone?: string) => write('time', new Date(instant), zone),
    /** To the second, as logs are read. */
    precise: (instant: string) => write('precise', new Date(instant)),
    moment: (instant: string, zone?: string) => write('moment', new Date(instant), zone),
    short: (instant: string, zone?: string) => write('short', new Date(instant), zone),
  }
}
