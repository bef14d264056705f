// How a phone number is read and kept.
import { isSupportedCountry, type ParseError, parsePhoneNumberWithError } from 'libphonenumber-js/min'
import type { Flaw, Reading } from './flaw.ts'
import { certain } from '#platform/certain.ts'

/** Longer than any number with its punctuation; the parser is not asked about novels. */
const LONGEST_TEXT = 40

/** Controls, direction marks and zero-width characters: the parser would drop some of them without a word. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/u

const FLAWS = {
  NOT_A_NUMBER: { code: 'phone_format', message: 'A phone number has digits, spaces and the signs ( ) - . / +.' },
  INVALID_COUNTRY: {
    code: 'phone_country',
    message: 'The phone number needs a country code that exists, such as +1 or +20.',
  },
  TOO_SHORT: { code: 'phone_too_short', message: 'The phone number has too few digits for its country.' },
  TOO_LONG: { code: 'phone_too_long', message: 'The phone number has too many digits for its country.' },
  INVALID_LENGTH: { code: 'phone_length', message: 'No phone number of its country has that many digits.' },
  EXTENSION: { code: 'phone_extension', message: 'A phone number is kept without an extension: leave it out.' },
} as const satisfies Record<string, Flaw>

/**
 * Reads a phone number as people of the country write it, or any beginning with `+`, and gives E.164.
 * It must be a possible number, not an assigned one: `555-978-4581` passes.
 */
export function readPhone(country: string, text: string): Reading {
  if (text.length > LONGEST_TEXT) return refuse(FLAWS.TOO_LONG)
  if (INVISIBLE.test(text)) return refuse(FLAWS.NOT_A_NUMBER)
  try {
    const defaultCountry = isSupportedCountry(country) ? country : undefined
    const number = parsePhoneNumberWithError(text.trim(), {
      ...(defaultCountry && { defaultCountry }),
      extract: false,
    })
    if (number.ext !== undefined) return refuse(FLAWS.EXTENSION)
    if (!number.isPossible()) return refuse(FLAWS.INVALID_LENGTH)
    return { ok: true, value: number.number }
  } catch (error) {
    const known: Readonly<Record<string, Flaw>> = FLAWS
    return refuse(certain(known[(error as ParseError).message], 'flaw of that name'))
  }
}

function refuse(flaw: Flaw): Reading {
  return { ok: false, flaw }
}
