// The record of a person who registers themselves: what they tell, until their address is proven and the hospital's own is found.
import { randomUUIDv7 } from 'node:crypto'
import { mergeRecords } from './merge.service.ts'
import { normaliseName } from './names.ts'
import { readNewPatient } from './patient-members.ts'
import type { PatientMembers } from './patient.contract.ts'
import { matchValue, patientTokens } from './patient-tokens.ts'
import { openCard, openContact, openKeyOf, type PatientRecord, type SealedBy, sealPatient } from './patient.sealing.ts'
import { insertPatients } from './patient.store.ts'
import { localDay } from '#platform/local-day.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'

export type OwnMembers = Pick<
  PatientMembers,
  'first_name' | 'last_name' | 'date_of_birth' | 'gender' | 'phone_primary' | 'email' | 'preferred_language'
>
export type OwnRecord = { record: PatientRecord; is_complete: boolean }

/** What the person tells, read as a registration at the desk is; what they leave out stays unknown. @throws Problem invalidRequest */
export function readOwnRecord(
  { configuration: { country, timezone } }: Pick<System, 'configuration'>,
  given: OwnMembers,
): OwnRecord {
  const { record, errors, is_complete } = readNewPatient({ country, today: localDay(timezone) }, given, true)
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  return { record, is_complete }
}

/** Registers the person as a patient and links their account. The transaction must reach every patient. Its id. */
export async function registerOwnRecord(
  tx: Tx,
  { keys, configuration }: System,
  user_id: string,
  { record, is_complete }: OwnRecord,
): Promise<string> {
  const { country, timezone } = configuration
  const id = randomUUIDv7()
  const key = newDataKey(keys.keyring)
  const tokens = patientTokens(keys.tokenizer('patients'), record)
  const sealed = sealPatient(key, id, country, record)
  const today = localDay(timezone)
  const nobody = { department_id: undefined, doctor_id: undefined }
  await tx.run(
    insertPatients([{ id, key, sealed, record, is_complete, tokens, today, created_by: user_id, ...nobody }]),
  )
  await tx.run(linkAccount(user_id, id))
  tx.audit({
    action: 'patient.register',
    resource_type: 'patient',
    resource_id: id,
    patient_id: id,
    user_id,
    details: { is_complete, self: true },
  })
  tx.emit({
    type: 'patient.registered',
    subject_type: 'patient',
    subject_id: id,
    patient_id: id,
    payload: { version: 1 },
  })
  return id
}

/**
 * Makes what the person told when they registered part of the record that the hospital has of them already, to which their
 * account moves; the caller has seen that the address is the person's. Where something stands against it, both records stay as
 * they are, and staff find them among the duplicates. The transaction must reach every patient.
 */
export async function joinOwnRecord(
  tx: Tx,
  system: System,
  user_id: string,
  { provisional_id, person }: { provisional_id: string; person: PatientRecord },
): Promise<void> {
  const linked = await tx.first(findLinked(user_id))
  if (linked?.patient_id !== provisional_id) return
  const patient_id = await findUnclaimedRecord(tx, system, person)
  if (!patient_id) return
  const merge = {
    merged_patient_id: provisional_id,
    reason: 'Registered by the person, whose e-mail address is proven',
  }
  const { conflicts } = await mergeRecords(tx, { system, user_id }, patient_id, { ...merge, dry_run: true })
  // An account that came meanwhile is a conflict here, though staff may merge over it.
  if (conflicts.some(({ stands, code }) => stands !== 'never' || code === 'two_accounts')) return
  await mergeRecords(tx, { system, user_id }, patient_id, merge)
  tx.audit({ action: 'patient.link', resource_type: 'patient', resource_id: patient_id, patient_id, user_id })
}

/**
 * The one record that nobody's account is linked to and whose e-mail, names and birth date are these. Any doubt, also a
 * second such record, finds none. The transaction must reach every patient.
 */
async function findUnclaimedRecord(tx: Tx, { keys }: System, person: PatientRecord): Promise<string | undefined> {
  const { first_name, last_name, date_of_birth, email } = person
  if (!first_name || !last_name || !date_of_birth || !email) return undefined
  const wanted = matchValue.email(email)
  const rows = await tx.rows(
    findUnclaimed(
      keys
        .tokenizer('patients')
        .tokens('email', wanted)
        .map(({ token }) => token),
    ),
  )
  const same = rows.filter((row) => {
    const key = openKeyOf(keys.keyring, row)
    const card = openCard(key, row.id, row.sealed_card)
    const contact = openContact(key, row.id, row.sealed_contact)
    return (
      matchValue.email(contact.email ?? '') === wanted &&
      card.date_of_birth === date_of_birth &&
      normaliseName(card.first_name ?? '') === normaliseName(first_name) &&
      normaliseName(card.last_name ?? '') === normaliseName(last_name)
    )
  })
  return same.length === 1 ? same[0]?.id : undefined
}

type UnclaimedRow = SealedBy & { id: string; sealed_card: Buffer; sealed_contact: Buffer }

function findUnclaimed(tokens: readonly Buffer[]): Sql<UnclaimedRow> {
  return sql`
    select distinct on (p.id) p.id, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact
      from patient_tokens t join patients p on p.id = t.patient_id join patient_keys k on k.id = p.key_id
     where t.kind = 'email' and t.token = any(${tokens}::bytea[])
       and p.is_active and p.merged_into is null and p.erased_at is null and k.wrapped is not null
       and not exists (select from patients_of_users where patient_id = p.id)
     order by p.id limit 20`
}

function findLinked(user_id: string): Sql<{ patient_id: string }> {
  return sql`select patient_id from patients_of_users where user_id = ${user_id}`
}

/** What the session may do is read again: the person is a patient from now on. */
function linkAccount(user_id: string, patient_id: string): Sql {
  return sql`
    with link as (insert into patients_of_users (user_id, patient_id) values (${user_id}, ${patient_id}))
    update users set authority_version = authority_version + 1 where id = ${user_id}`
}
