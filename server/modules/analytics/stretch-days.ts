// Which day of a period belongs to which of its stretches.
import { daysOf, type Period, type Stretch, stretchesOf, type StretchOf } from './period.ts'

/** The stretch of each day, in the order of the days; `numbers`: which of the stretches that is, counted from 1. */
export function stretchOfDays(
  period: Period,
  of: StretchOf,
): { stretches: Stretch[]; ofDay: (day_number: number) => Stretch; numbers: number[] } {
  const stretches = stretchesOf(period, of)
  let at = 0
  const numbers = daysOf(period).map(({ date }) => {
    while (date > (stretches[at]?.to ?? date)) at += 1
    return at + 1
  })
  return {
    stretches,
    numbers,
    ofDay(day_number) {
      const stretch = stretches[(numbers[day_number - 1] ?? 0) - 1]
      if (!stretch) throw new RangeError(`the period has no day ${day_number}`)
      return stretch
    },
  }
}
