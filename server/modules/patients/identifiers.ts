// How an `ssn` is read in each country, and a `national_id` anywhere. A country is one entry of SCHEMES.
import { isRealDate } from './birth-dates.ts'
import type { Flaw, Reading } from './flaw.ts'

type Scheme = {
  /** One spelling for all the ways to write the same identifier. */
  normalise: (text: string) => string
  /** What is wrong with a normalised identifier; it agrees with the birth date where that is known and encoded. */
  check: (value: string, date_of_birth: string | undefined) => Flaw | undefined
  mask: (value: string) => string
}

const US: Scheme = {
  normalise: (text) => text.replace(/^(\d{3})-?(\d{2})-?(\d{4})$/, '$1-$2-$3'),
  check: (value) => {
    const [, area, group, serial] = /^(\d{3})-(\d{2})-(\d{4})$/.exec(value) ?? []
    if (area === undefined) return flaw('ssn_format', 'A Social Security number has nine digits.')
    // Numbers never issued: https://www.ssa.gov/employer/randomization.html
    if (area === '000' || area === '666' || area >= '900') {
      return flaw('ssn_area', 'The first three digits of a Social Security number are not 000, 666 or 900 to 999.')
    }
    if (group === '00') return flaw('ssn_group', 'The middle digits of a Social Security number are not 00.')
    if (serial === '0000') return flaw('ssn_serial', 'The last digits of a Social Security number are not 0000.')
    return undefined
  },
  mask: (value) => `***-**-${value.slice(-4)}`,
}

/** Codes 7 and 8 digits in: the governorate of birth, 88 for those born abroad. */
const EGYPTIAN_GOVERNORATES = new Set(
  '01 02 03 04 11 12 13 14 15 16 17 18 19 21 22 23 24 25 26 27 28 29 31 32 33 34 35 88'.split(' '),
)

/** Egypt: century (2 for 19xx, 3 for 20xx), birth date YYMMDD, governorate, four serial digits, one check digit. */
const EG: Scheme = {
  normalise: (text) => text.replace(/[ -]/g, ''),
  check: (value, date_of_birth) => {
    const [, century, year, month, day, governorate] = /^(\d)(\d\d)(\d\d)(\d\d)(\d\d)\d{5}$/.exec(value) ?? []
    if (governorate === undefined) return flaw('national_number_format', 'An Egyptian national number has 14 digits.')
    if (century !== '2' && century !== '3') {
      return flaw('national_number_century', 'An Egyptian national number begins with 2 or 3.')
    }
    const born = `${century === '2' ? '19' : '20'}${year}-${month}-${day}`
    if (!isRealDate(born)) {
      return flaw('national_number_birth_date', 'Digits 2 to 7 of an Egyptian national number are a birth date.')
    }
    if (!EGYPTIAN_GOVERNORATES.has(governorate)) {
      return flaw('national_number_governorate', 'Digits 8 and 9 of an Egyptian national number are a governorate.')
    }
    if (date_of_birth !== undefined && date_of_birth !== born) {
      return flaw('birth_date_mismatch', 'The birth date in the national number is not the date of birth given.')
    }
    return undefined
  },
  mask: maskAllButLastFour,
}

const GENERIC: Scheme = {
  normalise: (text) => text,
  check: (value) =>
    /^[\p{L}\p{Nd}-]{4,32}$/u.test(value) && /[\p{L}\p{Nd}]/u.test(value)
      ? undefined
      : flaw('identifier_format', 'An identifier has 4 to 32 letters, digits and hyphens.'),
  mask: maskAllButLastFour,
}

const NATIONAL_ID: Scheme = {
  normalise: (text) => text,
  check: (value) =>
    /^(?=.{4,64}$)[\p{L}\p{Nd}-]+( [\p{L}\p{Nd}-]+)*$/u.test(value) && /[\p{L}\p{Nd}]/u.test(value)
      ? undefined
      : flaw('identifier_format', 'A national id has 4 to 64 letters, digits, hyphens and single spaces.'),
  mask: maskAllButLastFour,
}

/** By ISO 3166 country; a country that is not here reads an `ssn` the generic way. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['US', US],
  ['EG', EG],
])

/** Reads an `ssn` the way its country does. Without a birth date, its agreement with one is not checked. */
export function readSsn(country: string, text: string, date_of_birth?: string): Reading {
  return read(ssnScheme(country), text, date_of_birth)
}

/** Reads a `national_id`: any document's number, in any country. */
export function readNationalId(text: string): Reading {
  return read(NATIONAL_ID, text, undefined)
}

/** What those without the right to the number see, `***-**-6789` in the US. */
export function maskSsn(country: string, value: string): string {
  return ssnScheme(country).mask(value)
}

export function maskNationalId(value: string): string {
  return NATIONAL_ID.mask(value)
}

/** What exact search and uniqueness compare: the same for every spelling of one identifier. */
export function identifierMatchValue(value: string): string {
  return spelling(value).replaceAll(' ', '').toUpperCase()
}

function ssnScheme(country: string): Scheme {
  return SCHEMES.get(country) ?? GENERIC
}

function read(scheme: Scheme, text: string, date_of_birth: string | undefined): Reading {
  const value = scheme.normalise(spelling(text))
  const wrong = scheme.check(value, date_of_birth)
  return wrong ? { ok: false, flaw: wrong } : { ok: true, value }
}

/** Spaces and digits of any script and the many hyphens, as ASCII. Invisible characters stay, and are refused. */
function spelling(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace(/\p{Zs}+/gu, ' ')
    .replace(/^ | $/g, '')
}

/** Four at most, and never more than half: a short identifier would otherwise not be masked at all. */
function maskAllButLastFour(value: string): string {
  const characters = Array.from(value)
  const shown = Math.min(4, Math.floor(characters.length / 2))
  return '*'.repeat(characters.length - shown) + characters.slice(characters.length - shown).join('')
}

function flaw(code: string, message: string): Flaw {
  return { code, message }
}
