// By which exact values a patient is found, and the tokens of them.
import { identifierMatchValue } from './identifiers.ts'
import { nameBirthDateValue } from './names.ts'
import type { PatientRecord } from './patient.sealing.ts'
import type { Token, Tokenizer } from '#platform/encryption/tokens.ts'

export type PatientTokenKind = 'ssn' | 'national_id' | 'phone' | 'email' | 'name_birth_date'
export type PatientToken = Token & { kind: PatientTokenKind }
export type Findable = Pick<
  PatientRecord,
  'first_name' | 'last_name' | 'date_of_birth' | 'phone_primary' | 'phone_secondary' | 'email' | 'ssn' | 'national_id'
>

/** What tokens are made of: the same text for every spelling of one value. */
export const matchValue = {
  ssn: identifierMatchValue,
  national_id: identifierMatchValue,
  phone: (e164: string) => e164,
  email: (address: string) => address.normalize('NFKC').toLowerCase(),
} as const satisfies Partial<Record<PatientTokenKind, (text: string) => string>>

/** All tokens of a person, in one order for everyone: two who insert the same ones wait for each other and never deadlock. */
export function patientTokens(tokenizer: Tokenizer, record: Findable): PatientToken[] {
  const tokens: PatientToken[] = []
  const add = (kind: PatientTokenKind, value: string) => {
    for (const token of tokenizer.tokens(kind, value)) tokens.push({ kind, ...token })
  }
  const { first_name, last_name, date_of_birth, phone_primary, phone_secondary, email, ssn, national_id } = record
  if (national_id !== null) add('national_id', matchValue.national_id(national_id))
  if (ssn !== null) add('ssn', matchValue.ssn(ssn))
  if (email !== null) add('email', matchValue.email(email))
  if (phone_primary !== null) add('phone', phone_primary)
  if (phone_secondary !== null && phone_secondary !== phone_primary) add('phone', phone_secondary)
  if (first_name !== null && last_name !== null && date_of_birth !== null) {
    const value = nameBirthDateValue(first_name, last_name, date_of_birth)
    add('name_birth_date', value)
  }
  return tokens
}
