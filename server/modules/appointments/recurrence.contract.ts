// How a series recurs: the part of RFC 5545's RRULE that a calendar of appointments needs, read strictly.
import { z } from 'zod'

/** As many occurrences a series has at most: a year of weeks. */
export const mostOccurrences = 52

export type Recurrence = {
  freq: 'DAILY' | 'WEEKLY' | 'MONTHLY'
  interval: number
  /** MO to SU; of a monthly rule with the place in the month before it, as 2TU or -1FR. */
  by_day: string[]
  by_month_day: number[]
  wkst: string
  /** One of the two. */
  count?: number
  /** A date of the doctor's zone, which is included, or an instant. */
  until?: { date: string } | { instant: string }
}

const weekday = 'MO|TU|WE|TH|FR|SA|SU'
const everyWeekday = new RegExp(`^(${weekday})$`)
const placedWeekday = new RegExp(`^([1-5]|-1)(${weekday})$`)
const known = ['FREQ', 'INTERVAL', 'BYDAY', 'BYMONTHDAY', 'WKST', 'COUNT', 'UNTIL']

/** @throws RangeError that names the part at fault, and never repeats its value */
export function readRecurrence(text: string): Recurrence {
  const parts = new Map<string, string>()
  for (const part of text.split(';')) {
    const [, name = '', value = ''] = /^([A-Z]{1,20})=([^=]{1,120})$/.exec(part) ?? []
    if (name === '') throw new RangeError('Must be parts such as FREQ=WEEKLY;COUNT=6, in capitals, without RRULE:')
    if (!known.includes(name)) throw new RangeError(`${name} is not supported: use ${known.join(', ')}`)
    if (parts.has(name)) throw new RangeError(`${name} stands there twice`)
    parts.set(name, value)
  }
  const freq = freqOf(parts.get('FREQ'))
  const wkst = parts.get('WKST') ?? 'MO'
  if (!everyWeekday.test(wkst)) throw new RangeError('WKST must be a weekday, MO to SU')
  return {
    freq,
    interval: wholeNumber('INTERVAL', parts.get('INTERVAL') ?? '1', 1, 99),
    by_day: weekdaysOf(freq, parts.get('BYDAY')),
    by_month_day: monthDaysOf(freq, parts),
    wkst,
    ...endOf(parts.get('COUNT'), parts.get('UNTIL')),
  }
}

function freqOf(freq: string | undefined): Recurrence['freq'] {
  if (freq === 'DAILY' || freq === 'WEEKLY' || freq === 'MONTHLY') return freq
  throw new RangeError('FREQ must be there, and DAILY, WEEKLY or MONTHLY')
}

function weekdaysOf(freq: Recurrence['freq'], value: string | undefined): string[] {
  if (value === undefined) return []
  const days = value.split(',')
  const isMonthly = freq === 'MONTHLY'
  if (!days.every((day) => (isMonthly ? placedWeekday : everyWeekday).test(day))) {
    throw new RangeError(
      isMonthly
        ? 'BYDAY of a monthly rule must say which one of the month, as in 2TU or -1FR'
        : 'BYDAY must be weekdays, MO to SU, with commas between them',
    )
  }
  if (new Set(days).size !== days.length) throw new RangeError('BYDAY names a day twice')
  return days
}

function monthDaysOf(freq: Recurrence['freq'], parts: ReadonlyMap<string, string>): number[] {
  const value = parts.get('BYMONTHDAY')
  if (value === undefined) return []
  if (freq !== 'MONTHLY') throw new RangeError('BYMONTHDAY is for FREQ=MONTHLY')
  if (parts.has('BYDAY')) throw new RangeError('BYMONTHDAY does not go together with BYDAY')
  const days = value.split(',').map((day) => (day === '-1' ? -1 : wholeNumber('BYMONTHDAY', day, 1, 31)))
  if (new Set(days).size !== days.length) throw new RangeError('BYMONTHDAY names a day twice')
  return days
}

function endOf(count: string | undefined, until: string | undefined): Pick<Recurrence, 'count' | 'until'> {
  if ((count === undefined) === (until === undefined)) {
    throw new RangeError('COUNT or UNTIL must say where it ends, and only one of them')
  }
  if (count !== undefined) return { count: wholeNumber('COUNT', count, 2, mostOccurrences) }
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)(?:T(\d{6})Z)?$/.exec(until ?? '') ?? []
  const date = z.iso.date().safeParse(`${year}-${month}-${day}`)
  const clock = time?.replace(/^(\d\d)(\d\d)(\d\d)$/, '$1:$2:$3')
  const isTime = clock === undefined || z.iso.time().safeParse(clock).success
  if (!date.success || !isTime) throw new RangeError('UNTIL must be a date or an instant, 20270630 or 20270630T120000Z')
  return { until: clock === undefined ? { date: date.data } : { instant: `${date.data}T${clock}Z` } }
}

function wholeNumber(name: string, value: string, least: number, most: number): number {
  const number = /^[1-9]\d?$/.test(value) ? Number(value) : 0
  if (number < least || number > most) throw new RangeError(`${name} must be a whole number, ${least} to ${most}`)
  return number
}

/** Kept as it is written: it is a text that calendars understand. */
export const RecurrenceRule = z
  .string()
  .max(300)
  .superRefine((text, check) => {
    try {
      readRecurrence(text)
    } catch (error) {
      check.addIssue({ code: 'custom', message: (error as Error).message })
    }
  })
  .describe(
    `Of RFC 5545: FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, BYDAY, BYMONTHDAY, WKST, and COUNT or UNTIL; at most ${mostOccurrences} occurrences`,
  )
  .meta({ examples: ['FREQ=WEEKLY;BYDAY=TU;COUNT=6'] })
