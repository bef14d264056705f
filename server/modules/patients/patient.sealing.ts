// A patient's sealed columns: which members each holds, and opening no more of them than is asked for.
import { maskNationalId, maskSsn } from './identifiers.ts'
import type { Patient } from './patient.contract.ts'
import { certain } from '#platform/certain.ts'
import { openDataKey, openDataKeyOnce } from '#platform/encryption/data-key.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { recentOf } from '#platform/encryption/recent.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'

/** What is known of a person, in the clear; names and numbers as kept, not as typed. */
export type PatientRecord = Pick<
  Patient,
  | 'first_name'
  | 'middle_name'
  | 'last_name'
  | 'date_of_birth'
  | 'gender'
  | 'blood_type'
  | 'phone_primary'
  | 'phone_secondary'
  | 'email'
  | 'address'
  | 'ssn'
  | 'national_id'
  | 'marital_status'
  | 'occupation'
  | 'preferred_language'
>

/** Finding shows this: `ssn` and `national_id` are masked. */
export type Card = Pick<
  PatientRecord,
  'first_name' | 'middle_name' | 'last_name' | 'date_of_birth' | 'ssn' | 'national_id'
>
export type Contact = Pick<PatientRecord, 'phone_primary' | 'phone_secondary' | 'email' | 'address'>
export type Identifiers = Pick<PatientRecord, 'ssn' | 'national_id'>

/** The key of a row with sealed columns, as stored; erasure leaves no `wrapped`. */
export type SealedBy = { key_id: string; kek_id: string; wrapped: Buffer | null }
export type SealedPatient = { sealed_card: Buffer; sealed_contact: Buffer; sealed_identifiers: Buffer | null }

const noCard: Card = {
  first_name: null,
  middle_name: null,
  last_name: null,
  date_of_birth: null,
  ssn: null,
  national_id: null,
}
const noContact: Contact = { phone_primary: null, phone_secondary: null, email: null, address: null }
const noIdentifiers: Identifiers = { ssn: null, national_id: null }

const place = (column: keyof SealedPatient, row_id: string) => ({ table: 'patients', column, row_id })

/** @throws IntegrityError, KeyUnavailable, and an Error for a key that erasure destroyed: ask `wrapped` first */
export function openKeyOf(keyring: Keyring, { key_id, kek_id, wrapped }: SealedBy): DataKey {
  return openDataKey(keyring, { id: key_id, kek_id, wrapped: certain(wrapped, 'key of this row: it was destroyed') })
}

/** All of a person who is new. */
export function sealPatient(key: DataKey, id: string, country: string, record: PatientRecord): SealedPatient {
  return {
    sealed_card: sealCard(key, id, { ...record, ...maskIdentifiers(country, record) }),
    sealed_contact: sealContact(key, id, record),
    sealed_identifiers: sealIdentifiers(key, id, record),
  }
}

/** The identifiers come masked. */
export function sealCard(
  key: DataKey,
  id: string,
  { first_name, middle_name, last_name, date_of_birth, ssn, national_id }: Card,
): Buffer {
  return sealJson(
    key,
    place('sealed_card', id),
    known({ first_name, middle_name, last_name, date_of_birth, ssn, national_id }),
  )
}

export function sealContact(
  key: DataKey,
  id: string,
  { phone_primary, phone_secondary, email, address }: Contact,
): Buffer {
  return sealJson(key, place('sealed_contact', id), known({ phone_primary, phone_secondary, email, address }))
}

export function sealIdentifiers(key: DataKey, id: string, { ssn, national_id }: Identifiers): Buffer | null {
  if (ssn === null && national_id === null) return null
  return sealJson(key, place('sealed_identifiers', id), known({ ssn, national_id }))
}

export function openCard(key: DataKey, id: string, sealed_card: Buffer): Card {
  return { ...noCard, ...openJson<Partial<Card>>(key, place('sealed_card', id), sealed_card) }
}

export function openContact(key: DataKey, id: string, sealed_contact: Buffer): Contact {
  return { ...noContact, ...openJson<Partial<Contact>>(key, place('sealed_contact', id), sealed_contact) }
}

/** Where a patient is written to. @throws IntegrityError, KeyUnavailable, and an Error for a key that erasure destroyed */
export function emailOf(keyring: Keyring, row: SealedBy & { id: string; sealed_contact: Buffer }): string | null {
  return openContact(openKeyOf(keyring, row), row.id, row.sealed_contact).email
}

/** As `emailOf`, for what must not stop others: the failure where the record is damaged or its key is not here. */
export function tryEmailOf(
  keyring: Keyring,
  row: SealedBy & { id: string; sealed_contact: Buffer },
): { email: string | null } | Error {
  return unlessUnreadable<{ email: string | null }, Error>(
    () => ({ email: emailOf(keyring, row) }),
    (error) => error,
  )
}

export function openIdentifiers(key: DataKey, id: string, sealed_identifiers: Buffer | null): Identifiers {
  if (sealed_identifiers === null) return noIdentifiers
  return {
    ...noIdentifiers,
    ...openJson<Partial<Identifiers>>(key, place('sealed_identifiers', id), sealed_identifiers),
  }
}

/** The identifiers as those see them who may not see them. */
export function maskIdentifiers(country: string, { ssn, national_id }: Identifiers): Identifiers {
  return {
    ssn: ssn === null ? null : maskSsn(country, ssn),
    national_id: national_id === null ? null : maskNationalId(national_id),
  }
}

type CardOfRow = SealedBy & { id: string; sealed_card: Buffer }

/** Undefined for a card that was altered or whose key is gone, which must not fail the others of a list. */
export function tryOpenCardOnce(
  keyring: Keyring,
  { id, key_id, kek_id, wrapped, sealed_card }: CardOfRow,
): Readonly<Card> | undefined {
  if (wrapped === null) return undefined
  return unlessUnreadable(
    () => openCard(openDataKeyOnce(keyring, { id: key_id, kek_id, wrapped }), id, sealed_card),
    () => undefined,
  )
}

/** The cards of a hundred pages of a list. */
const cardsInAHalf = 2000
const recentCards = recentOf<Keyring, { bytes: string; key_id: string; kek_id: string; card: Readonly<Card> }>(
  cardsInAHalf,
)

/** As `tryOpenCardOnce`, but the same bytes are not opened again within a minute. */
export function tryOpenCard(keyring: Keyring, row: CardOfRow): Readonly<Card> | undefined {
  const { id, key_id, kek_id, wrapped, sealed_card } = row
  if (wrapped === null) return undefined
  // All of them: what was altered is seen as altered. As text, which takes a third of the memory of as many small buffers.
  const bytes = Buffer.concat([wrapped, sealed_card]).toString('latin1')
  const recent = recentCards(keyring)
  const known = recent.get(id)
  if (known && known.bytes === bytes && known.key_id === key_id && known.kek_id === kek_id) return known.card
  const card = tryOpenCardOnce(keyring, row)
  if (card) recent.set(id, { bytes, key_id, kek_id, card })
  return card
}

/** Unknown members are not stored, so that a card stays in a small size class. */
function known<T extends object>(members: T): Partial<T> {
  const present: Partial<T> = {}
  for (const name in members) if (members[name] !== null) present[name] = members[name]
  return present
}
