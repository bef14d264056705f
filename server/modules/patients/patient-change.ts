// Changing what is known of a patient: as a whole or in part, by those in reach, contact details by the patients themselves.
import { isOwnRecord, lockChangeable, sealChanges } from './changeable.ts'
import { contactDetailsOnly, type Patient, type PatientChange, WholePatient } from './patient.contract.ts'
import { readChanges, isComplete, refuseForgotten, withoutGaps } from './patient-members.ts'
import { composePatient, seesIdentifiers } from './patient.answer.ts'
import type { PatientNames } from './patient-names.ts'
import { refusePhoto } from './patient-photo.ts'
import { retoken } from './merge-journal.ts'
import { hasMerged } from './merge.store.ts'
import { type PatientToken, patientTokens, type PatientTokenKind } from './patient-tokens.ts'
import {
  maskIdentifiers,
  openCard,
  openContact,
  openIdentifiers,
  type PatientRecord,
  type SealedPatient,
  sealCard,
  sealContact,
  sealIdentifiers,
} from './patient.sealing.ts'
import {
  type ChangedPatient,
  deletePatientTokens,
  insertPatientTokens,
  type ReadPatientRow,
  type Stamp,
  updatePatient,
} from './patient.store.ts'
import { refuseKnownIdentifier } from './registration.ts'
import type { Context } from '#platform/context.ts'
import { invalidRequest, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { localDay } from '#platform/local-day.ts'

type Known = PatientRecord & Pick<Patient, 'photo_document_id'>
type Field = keyof Known
const contactFields: ReadonlySet<string> = new Set<Field>(['phone_primary', 'phone_secondary', 'email', 'address'])
const tokenKindOf: Partial<Record<Field, PatientTokenKind>> = {
  first_name: 'name_birth_date',
  last_name: 'name_birth_date',
  date_of_birth: 'name_birth_date',
  phone_primary: 'phone',
  phone_secondary: 'phone',
  email: 'email',
  ssn: 'ssn',
  national_id: 'national_id',
}

/** JSON Merge Patch: members left out stay, null removes. @throws Problem as the contract lists */
export async function changePatient(
  ctx: Context,
  names: PatientNames,
  patient_id: string,
  given: PatientChange,
): Promise<Patient> {
  if (isOwnRecord(ctx, patient_id)) refuseBeyondContact(Object.keys(given))
  return change(ctx, names, patient_id, given)
}

/** Members left out become unknown, but for identifiers that the caller cannot see. @throws Problem as the contract lists */
export async function replacePatient(
  ctx: Context,
  names: PatientNames,
  patient_id: string,
  given: WholePatient,
): Promise<Patient> {
  if (given.gender === undefined) {
    throw new Problem(invalidRequest, {
      errors: [{ path: '/body/gender', code: 'required', message: 'This must be given; UNKNOWN is a value' }],
    })
  }
  const whole = Object.fromEntries(
    Object.keys(WholePatient.shape).map((name) => [name, given[name as keyof WholePatient] ?? null]),
  ) as WholePatient
  const address = given.address ? withoutGaps(given.address) : null
  const hidden = seesIdentifiers(ctx.actor, patient_id) ? {} : { ssn: given.ssn, national_id: given.national_id }
  return change(ctx, names, patient_id, { ...whole, ...hidden, address })
}

async function change(ctx: Context, names: PatientNames, patient_id: string, asked: PatientChange): Promise<Patient> {
  let tokens: PatientToken[] = []
  const { answer, indexed } = await ctx.database
    .transaction(async (tx) => {
      const { row, key, purpose } = await lockChangeable(ctx, tx, patient_id)
      if (ctx.if_match !== undefined && ctx.if_match !== row.version) throw new Problem(stale)
      const card = openCard(key, patient_id, row.sealed_card)
      const given = withoutMasked(asked, card)
      // The birth date can be part of a national number, so a new one is compared with it.
      const judged = given.ssn !== undefined || given.national_id !== undefined || given.date_of_birth !== undefined
      const sees = seesIdentifiers(ctx.actor, patient_id)
      const identifiers = judged || sees ? openIdentifiers(key, patient_id, row.sealed_identifiers) : card
      const before: Known = {
        ...openMembersOf(row),
        ...card,
        ...openContact(key, patient_id, row.sealed_contact),
        ...identifiers,
        photo_document_id: row.photo_document_id,
      }
      const { country, timezone } = ctx.system.configuration
      const { record, errors } = readChanges({ country, today: localDay(timezone) }, before, given)
      const { photo_document_id = before.photo_document_id } = given
      const after: Known = { ...record, photo_document_id }
      if (photo_document_id !== null && photo_document_id !== before.photo_document_id)
        errors.push(...(await refusePhoto(ctx, tx, patient_id, photo_document_id)))
      errors.push(...refuseForgotten(before, after))
      if (errors.length > 0) throw new Problem(invalidRequest, { errors })

      const fields = changedFields(before, after)
      if (isOwnRecord(ctx, patient_id)) refuseBeyondContact(fields)
      const is_complete =
        isComplete(after) && (row.is_complete || given.gender !== undefined || after.gender !== 'UNKNOWN')
      const shown = judged || sees ? maskIdentifiers(country, after) : { ssn: card.ssn, national_id: card.national_id }
      const sealed: SealedPatient = {
        sealed_card: sealCard(key, patient_id, { ...after, ...shown }),
        sealed_contact: sealContact(key, patient_id, after),
        sealed_identifiers: judged ? sealIdentifiers(key, patient_id, after) : row.sealed_identifiers,
      }
      const kinds = new Set(fields.flatMap((name) => tokenKindOf[name] ?? []))
      tokens = patientTokens(ctx.system.keys.tokenizer('patients'), after).filter(({ kind }) => kinds.has(kind))
      const stamp =
        fields.length === 0
          ? row
          : await write(tx, ctx.system.keys, { id: patient_id, sealed, record: after, is_complete }, [...kinds], tokens)
      tx.audit({
        action: 'patient.update',
        resource_type: 'patient',
        resource_id: patient_id,
        patient_id,
        purpose,
        details: { fields },
        changes: fields.length === 0 ? undefined : sealChanges(key, fields, before, after),
      })
      if (fields.length > 0) {
        tx.emit({
          type: 'patient.updated',
          subject_type: 'patient',
          subject_id: patient_id,
          patient_id,
          payload: { version: stamp.version, fields },
        })
      }
      const { updated_at, version } = stamp
      return {
        answer: composePatient(
          { ...row, ...openMembersOf(after), photo_document_id, is_complete, updated_at, version },
          after,
          after,
          sees ? after : shown,
        ),
        indexed: {
          id: patient_id,
          key_id: row.key_id,
          kek_id: row.kek_id,
          wrapped: row.wrapped,
          sealed_card: sealed.sealed_card,
        },
      }
    })
    .catch((error: unknown) => refuseKnownIdentifier(ctx, tokens, error))
  names.changed({ ...indexed, version: answer.version })
  return answer
}

async function write(
  tx: Tx,
  keys: Keys,
  row: ChangedPatient,
  kinds: PatientTokenKind[],
  tokens: readonly PatientToken[],
): Promise<Stamp> {
  const [stamp, merged] = await Promise.all([
    tx.one(updatePatient(row)),
    kinds.length > 0 ? tx.first(hasMerged(row.id)) : undefined,
    kinds.length > 0 ? tx.run(deletePatientTokens(row.id, kinds)) : undefined,
    tokens.length > 0 ? tx.run(insertPatientTokens(row.id, tokens)) : undefined,
  ])
  // The values of records that were merged into this one go on finding it.
  if (merged?.has_merged) await retoken(tx, keys, [row.id])
  return stamp
}

/** A masked identifier that comes back as it was shown says nothing new. */
function withoutMasked(given: PatientChange, card: Pick<PatientRecord, 'ssn' | 'national_id'>): PatientChange {
  const unless = (value: string | null | undefined, masked: string | null) =>
    value !== null && value === masked ? undefined : value
  return { ...given, ssn: unless(given.ssn, card.ssn), national_id: unless(given.national_id, card.national_id) }
}

/** The members that are not sealed. */
function openMembersOf({
  gender,
  blood_type,
  marital_status,
  occupation,
  preferred_language,
}: PatientRecord | ReadPatientRow) {
  return { gender, blood_type, marital_status, occupation, preferred_language }
}

function changedFields(before: Known, after: Known): Field[] {
  return (Object.keys(after) as Field[]).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
}

function refuseBeyondContact(fields: readonly string[]) {
  const errors = fields
    .filter((name) => !contactFields.has(name))
    .map((name) => ({
      path: `/body/${name}`,
      code: 'contact_details_only',
      message: 'Only the reception may change this',
    }))
  if (errors.length > 0) throw new Problem(contactDetailsOnly, { errors })
}
