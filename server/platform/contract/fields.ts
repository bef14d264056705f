// Fields that every module writes the same way.
import { z } from 'zod'

/** Written in lower case from here on, so that ids compare as text. */
export const Id = z.uuid().overwrite((id) => id.toLowerCase())

/** An instant in canonical form, `2026-12-01T14:00:00Z`: any offset is accepted, a fraction stays only where it is not zero. */
export const Instant = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => isInstant(text), { error: 'Must be an instant of the years 1 to 9999', abort: true })
  .overwrite((text) => Temporal.Instant.from(text).toString())
  .meta({ examples: ['2026-12-01T14:00:00Z'] })

/** A day as far as the database writes it with four digits. */
export const LocalDate = z.iso
  .date({ abort: true })
  .refine((date) => date >= '0001-01-01', 'Must be a date of the years 1 to 9999')
  .meta({ examples: ['1984-02-29'] })
/** A day that is reckoned with: the days around it, in any zone, are of a year with four digits as well. */
export const ReckonedDate = LocalDate.refine(
  (date) => date >= '1900-01-01' && date < '9000-01-01',
  'Must be a date of the years 1900 to 8999',
)
export const LocalTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Must be a wall-clock time, HH:MM')
  .meta({ examples: ['09:00'] })
export const TimeZone = z
  .string()
  .refine((zone) => isTimeZone(zone), 'Must be an IANA time zone, such as Europe/Berlin')
  .meta({ examples: ['America/New_York'] })

/** Amount of money as text, two decimals, with a currency beside it (ISO 4217). */
export const Money = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,2})?$/, 'Must be an amount such as 25.00')
  .meta({ examples: ['25.00'] })
export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Must be an ISO 4217 code of three capital letters')
  .meta({ examples: ['USD'] })

/** Text that a person typed: NFC, no control characters but line ends and tabs, length in code points. */
export function Text(most: number, least = 1) {
  return z
    .string()
    .refine((text) => !unprintable.test(text), { error: 'Must not contain control characters', abort: true })
    .overwrite((text) => text.normalize('NFC').trim())
    .refine((text) => {
      const { length } = Array.from(text)
      return length >= least && length <= most
    }, `Must have ${least} to ${most} characters`)
}
/** Control characters but tab and line ends, line separators, and halves of a surrogate pair. */
const unprintable = /[\p{Cc}--[\t\n\r]]|\p{Cs}|[\u2028\u2029]/v

/** A whole number in a query string. */
export const QueryInteger = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most))
export const QueryBoolean = z.enum(['true', 'false']).transform((text) => text === 'true')

export const Page = {
  skip: QueryInteger(0, 10_000).default(0),
  limit: QueryInteger(1, 100).default(20),
  cursor: z.string().max(200).optional(),
}

/** Counting the rows of a long list stops here. */
export const mostCounted = 1000

export function ListOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    total: z.int().describe('How many there are in all. Long lists are counted up to 1,000'),
    page: z.int().describe('Counted from 1'),
    limit: z.int(),
    next_cursor: z.string().nullable().describe('Give it as cursor to read on; null at the end'),
  })
}

function isInstant(text: string): boolean {
  try {
    const year = Temporal.Instant.from(text).toZonedDateTimeISO('UTC').year
    return year >= 1 && year <= 9999
  } catch {
    return false
  }
}

function isTimeZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return /[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}
