// Registering a patient: one read that looks for who is here already, one statement that writes everything.
import { randomUUIDv7 } from 'node:crypto'
import { LIKELY_DUPLICATE_SCORE, duplicateScore, type DuplicateReason } from './duplicates.ts'
import {
  type IdentityCard,
  type NewPatient,
  type Patient,
  duplicateIdentifier,
  likelyDuplicates,
} from './patient.contract.ts'
import { readNewPatient } from './patient-members.ts'
import { findMergedTrees } from './merge.store.ts'
import { composePatient } from './patient.answer.ts'
import { cardOfFound, openFound, type OpenedFound } from './patient-card.ts'
import { findByExact, findLookalikes, findTokenHolders } from './patient-search.store.ts'
import type { PatientNames } from './patient-names.ts'
import { type PatientToken, patientTokens } from './patient-tokens.ts'
import { type PatientRecord, sealPatient } from './patient.sealing.ts'
import { insertPatients } from './patient.store.ts'
import { certain } from '#platform/certain.ts'
import { localDay } from '#platform/local-day.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { type Context, holds, reachOf } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'

/**
 * Registers a person.
 * @throws Problem invalidRequest, duplicateIdentifier, likelyDuplicates
 */
export async function registerPatient(ctx: Context, names: PatientNames, body: NewPatient): Promise<Patient> {
  const { unidentified = false, force = false, ...given } = body
  const { country, timezone } = ctx.system.configuration
  const today = localDay(timezone)
  const { record, errors, is_complete } = readNewPatient({ country, today }, given, unidentified)
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  const tokens = patientTokens(ctx.system.keys.tokenizer('patients'), record)
  if (!force) await refuseLookalikes(ctx, names, record, tokens)

  const id = randomUUIDv7()
  const key = newDataKey(ctx.system.keys.keyring)
  const sealed = sealPatient(key, id, country, record)
  const { user_id, department_id, doctor_id } = ctx.actor
  const row = await ctx.database
    .together((tx) => {
      const row = tx.among(insertPatients, {
        id,
        key,
        sealed,
        record,
        is_complete,
        tokens,
        today,
        created_by: certain(user_id, 'user'),
        department_id,
        doctor_id,
      })
      tx.audit({
        action: 'patient.register',
        resource_type: 'patient',
        resource_id: id,
        patient_id: id,
        details: { is_complete, force },
      })
      tx.emit({
        type: 'patient.registered',
        subject_type: 'patient',
        subject_id: id,
        patient_id: id,
        payload: { version: 1 },
      })
      return row
    })
    .catch((error: unknown) => refuseKnownIdentifier(ctx, tokens, error))
  const inserted = certain(row, 'row of a new patient')
  names.changed({
    id,
    version: 1,
    key_id: key.id,
    kek_id: key.kek_id,
    wrapped: key.wrapped,
    sealed_card: sealed.sealed_card,
  })
  ctx.header('location', `/api/v1/patients/${id}`)
  return composePatient(
    {
      ...record,
      id,
      patient_number: inserted.patient_number,
      photo_document_id: null,
      is_complete,
      merged_into: null,
      is_active: true,
      registered_date: today,
      created_at: inserted.created_at,
      updated_at: inserted.created_at,
      created_by: certain(user_id, 'user'),
      version: 1,
    },
    record,
    record,
    record,
  )
}

/**
 * For `.catch()`: someone else has this ssn or national id.
 * @throws Problem duplicateIdentifier, naming that person to whoever may find people; the error itself when it is another
 */
export async function refuseKnownIdentifier(
  ctx: Context,
  tokens: readonly PatientToken[],
  error: unknown,
): Promise<never> {
  if (violatedConstraint(error) !== 'patient_tokens_unique_identifier') throw error
  const identifiers = tokens.filter(({ kind }) => kind === 'ssn' || kind === 'national_id')
  const known = await Promise.all(
    identifiers.map((token) => ctx.reaching('find').once((tx) => tx.first(findByExact([[token]], undefined, 'none')))),
  )
  const at = known.findIndex((row) => row !== undefined)
  throw await knownIdentifier(ctx, identifiers[at]?.kind, known[at], error)
}

async function knownIdentifier(
  ctx: Context,
  kind: string | undefined,
  row: { id: string; patient_number: string } | undefined,
  cause?: unknown,
) {
  const errors = kind
    ? [
        {
          path: `/body/${kind}`,
          code: 'duplicate_identifier',
          message: 'Another patient is registered with this identifier',
        },
      ]
    : []
  if (!row || !holds(ctx.actor, 'patients:find')) return new Problem(duplicateIdentifier, { errors }, cause)
  await ctx.record({
    action: 'patient.search',
    resource_type: 'patient',
    patient_id: row.id,
    details: { criteria: [kind], count: 1 },
  })
  const { id: existing_patient_id, patient_number: existing_patient_number } = row
  return new Problem(duplicateIdentifier, { errors, existing_patient_id, existing_patient_number }, cause)
}

type Lookalike = IdentityCard & { score: number; reasons: DuplicateReason[] }

/** In the reach of finding, whoever registers: that nobody is registered twice is for everyone's good. */
async function refuseLookalikes(
  ctx: Context,
  names: PatientNames,
  record: PatientRecord,
  tokens: readonly PatientToken[],
): Promise<void> {
  const [near, holders] = await Promise.all([
    names.bornOn(record),
    tokens.length === 0 ? [] : ctx.reaching('find').readAmong(findTokenHolders, tokens),
  ])
  // Most people are new, and a whole crowd of them costs one look into the index.
  if (holders.length === 0 && near.length === 0) return
  const read_reach = reachOf(ctx.actor, 'patients:read') ?? 'none'
  const rows = await ctx.reaching('find').read(findLookalikes(tokens, near, read_reach))
  const people = rows.map((row) => openFound(ctx.system.keys.keyring, row)).filter((person) => person !== undefined)
  for (const kind of ['ssn', 'national_id'] as const) {
    const same =
      record[kind] === null ? undefined : people.find((person) => person.identifiers()[kind] === record[kind])
    if (same) throw await knownIdentifier(ctx, kind, same.row)
  }
  const likely = [...people.flatMap((person) => likeness(record, person)), ...(await likeMerged(ctx, record, people))]
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 10)
  if (likely.length === 0) return
  if (!holds(ctx.actor, 'patients:find')) throw new Problem(likelyDuplicates)
  await ctx.record({
    action: 'patient.search',
    resource_type: 'patient',
    details: { criteria: ['likeness'], count: likely.length, patient_ids: likely.map(({ id }) => id) },
  })
  throw new Problem(likelyDuplicates, { likely_duplicates: likely })
}

/** Those who are not alike themselves, but by a record that was merged into theirs: an earlier name, say. */
async function likeMerged(ctx: Context, record: PatientRecord, people: readonly OpenedFound[]): Promise<Lookalike[]> {
  const others = people.filter((person) => likeness(record, person).length === 0)
  if (others.length === 0) return []
  const merged = await ctx.reaching('find').read(findMergedTrees(others.map(({ row }) => row.id)))
  return others.flatMap(({ row, card }) => {
    const [best] = merged
      .filter(({ root, id }) => root === row.id && id !== root)
      .flatMap((earlier) => openFound(ctx.system.keys.keyring, { ...earlier, may_open: false }) ?? [])
      .flatMap((earlier) => likeness(record, earlier))
      .toSorted((a, b) => b.score - a.score)
    return best ? [{ ...cardOfFound(row, card), score: best.score, reasons: best.reasons }] : []
  })
}

function likeness(record: PatientRecord, { row, card, contact }: OpenedFound): Lookalike[] {
  const { score, reasons } = duplicateScore(
    { ...record, phones: phonesOf(record) },
    { ...card, phones: phonesOf(contact()) },
  )
  return score >= LIKELY_DUPLICATE_SCORE ? [{ ...cardOfFound(row, card), score, reasons }] : []
}

function phonesOf({
  phone_primary,
  phone_secondary,
}: Pick<PatientRecord, 'phone_primary' | 'phone_secondary'>): string[] {
  return [phone_primary, phone_secondary].filter((phone) => phone !== null)
}
