// From a row to the answer: opens what the caller may see and nothing else.
import { type Patient, patientErased } from './patient.contract.ts'
import {
  type Card,
  type Contact,
  type Identifiers,
  openCard,
  openContact,
  openIdentifiers,
  openKeyOf,
} from './patient.sealing.ts'
import type { PatientRow } from './patient.store.ts'
import { Problem } from '#platform/contract/problem.ts'
import { type Actor, reachOf } from '#platform/context.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'

type Stored = Omit<
  PatientRow,
  'kek_id' | 'wrapped' | 'key_id' | 'sealed_card' | 'sealed_contact' | 'sealed_identifiers' | 'erased_at'
>

/** Whether this actor reads ssn and national id in full: everyone's, or their own. */
export function seesIdentifiers(actor: Actor, patient_id: string): boolean {
  const reach = reachOf(actor, 'patients:identifiers')
  return reach === 'all' || (reach?.includes('own') === true && actor.patient_id === patient_id)
}

/** @throws Problem patientErased; IntegrityError, KeyUnavailable */
export function answerPatient(keyring: Keyring, row: PatientRow, unmasked: boolean): Patient {
  if (row.erased_at !== null || row.wrapped === null) throw new Problem(patientErased)
  const key = openKeyOf(keyring, row)
  const card = openCard(key, row.id, row.sealed_card)
  const contact = openContact(key, row.id, row.sealed_contact)
  return composePatient(row, card, contact, unmasked ? openIdentifiers(key, row.id, row.sealed_identifiers) : card)
}

export function composePatient(
  stored: Stored,
  card: Omit<Card, keyof Identifiers>,
  contact: Contact,
  identifiers: Identifiers,
): Patient {
  return {
    id: stored.id,
    patient_number: stored.patient_number,
    first_name: card.first_name,
    middle_name: card.middle_name,
    last_name: card.last_name,
    date_of_birth: card.date_of_birth,
    gender: stored.gender,
    blood_type: stored.blood_type,
    phone_primary: contact.phone_primary,
    phone_secondary: contact.phone_secondary,
    email: contact.email,
    address: contact.address,
    ssn: identifiers.ssn,
    national_id: identifiers.national_id,
    marital_status: stored.marital_status,
    occupation: stored.occupation,
    preferred_language: stored.preferred_language,
    photo_document_id: stored.photo_document_id,
    is_complete: stored.is_complete,
    is_active: stored.is_active,
    merged_into: stored.merged_into,
    registered_date: stored.registered_date,
    created_at: stored.created_at,
    updated_at: stored.updated_at,
    created_by: stored.created_by,
    version: stored.version,
  }
}
