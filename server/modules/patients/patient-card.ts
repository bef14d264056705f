// Identity cards of people who were found; contact details and identifiers are opened only to verify a hit.
import type { FormerRecord, IdentityCard } from './patient.contract.ts'
import {
  type Card,
  type Contact,
  type Identifiers,
  openContact,
  openIdentifiers,
  openKeyOf,
  tryOpenCard,
} from './patient.sealing.ts'
import type { FoundRow } from './patient-search.store.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'

export type OpenedFound = { row: FoundRow; card: Card; contact: () => Contact; identifiers: () => Identifiers }

/** Undefined for a card that cannot be read: it cannot be compared with anything. */
export function openFound(keyring: Keyring, row: FoundRow): OpenedFound | undefined {
  const card = tryOpenCard(keyring, row)
  if (!card) return undefined
  return {
    row,
    card,
    contact: () =>
      unlessUnreadable(
        () => openContact(openKeyOf(keyring, row), row.id, row.sealed_contact),
        () => noContact,
      ),
    identifiers: () =>
      unlessUnreadable(
        () => openIdentifiers(openKeyOf(keyring, row), row.id, row.sealed_identifiers),
        () => noIdentifiers,
      ),
  }
}

/** A card that could not be opened is shown as a place-holder: one altered row must not hide the others. */
export function cardOfFound(
  row: Pick<FoundRow, 'id' | 'patient_number' | 'gender' | 'is_active' | 'may_open'>,
  card: Card | undefined,
  found_as: FormerRecord | null = null,
): IdentityCard {
  return {
    id: row.id,
    patient_number: row.patient_number,
    first_name: card?.first_name ?? null,
    middle_name: card?.middle_name ?? null,
    last_name: card?.last_name ?? null,
    date_of_birth: card?.date_of_birth ?? null,
    gender: row.gender,
    ssn: card?.ssn ?? null,
    national_id: card?.national_id ?? null,
    is_active: row.is_active,
    may_open: row.may_open,
    found_as,
    is_readable: card !== undefined,
  }
}

/** What a record that was merged says of itself. */
export function formerRecord(
  patient_number: string,
  { first_name, middle_name, last_name, date_of_birth }: Card,
): FormerRecord {
  return { patient_number, first_name, middle_name, last_name, date_of_birth }
}

const noContact: Contact = { phone_primary: null, phone_secondary: null, email: null, address: null }
const noIdentifiers: Identifiers = { ssn: null, national_id: null }
