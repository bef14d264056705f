// The days of a week by their names.
import { useSpoken } from '../words/words.tsx'

/** A day of the week by its number, 1 Monday to 7 Sunday: the first of January 2024 was a Monday. */
export function useWeekdays(): (weekday: number) => string {
  const { locale } = useSpoken()
  const format = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' })
  return (weekday) => format.format(new Date(Date.UTC(2024, 0, weekday)))
}
