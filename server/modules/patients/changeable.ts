// What every change to a patient, or to something of a patient, begins with and leaves behind.
import { patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { type Card, openCard, openKeyOf } from './patient.sealing.ts'
import { findPatient, lockPatient, type ReadPatientRow } from './patient.store.ts'
import { changesUnder } from '#platform/audit/changes.ts'
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'

type Row = ReadPatientRow & { wrapped: Buffer }
/** `purpose` belongs into the audit entry: BTG where emergency access is the only reason for the reach. */
export type Changeable = { row: Row; key: DataKey; purpose: string | undefined }

/**
 * The patient, so locked that others who change anything of them wait. Their current key seals what is written.
 * @throws Problem notFound, patientErased, patientMerged, patientInactive
 */
export async function lockChangeable(ctx: Context, tx: Tx, patient_id: string): Promise<Changeable> {
  const row = await lockPatient(tx, patient_id, ctx.reach, ctx.actor)
  assertThere(row)
  if (row.through_glass) ctx.saw({ purpose: 'BTG' })
  assertWhole(row)
  if (!row.is_active) throw new Problem(patientInactive)
  return { row, key: openKeyOf(ctx.system.keys.keyring, row), purpose: row.through_glass ? 'BTG' : undefined }
}

/** Who the patient is, identifiers masked. */
export function cardOf({ row, key }: Changeable): Card {
  return openCard(key, row.id, row.sealed_card)
}

/**
 * Reads something of a patient in one round trip; the answer's audit entry says BTG where that is the reason for the reach.
 * @throws Problem notFound, patientErased, patientMerged
 */
export async function readOfPatient<T>(ctx: Context, patient_id: string, read: (tx: Tx) => Promise<T>): Promise<T> {
  const [row, found] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findPatient(patient_id, ctx.reach, ctx.actor)), read(tx)]),
  )
  assertThere(row)
  assertWhole(row)
  if (row.through_glass) ctx.saw({ purpose: 'BTG' })
  return found
}

/**
 * Who somebody is, as it stands on paper.
 * @throws Problem notFound, patientErased, patientMerged
 */
export async function readPerson(ctx: Context, patient_id: string): Promise<Card & { patient_number: string }> {
  const row = await ctx.database.once((tx) => tx.first(findPatient(patient_id, ctx.reach, ctx.actor)))
  assertThere(row)
  assertWhole(row)
  return {
    ...openCard(openKeyOf(ctx.system.keys.keyring, row), row.id, row.sealed_card),
    patient_number: row.patient_number,
  }
}

/** Whoever changes their own record, clinicians included, changes no more of it than how they are reached. */
export function isOwnRecord({ actor, reach }: Context, patient_id: string): boolean {
  return reach !== 'all' && actor.patient_id === patient_id
}

/** Before and after of what changed, for the audit log, under the patient's own key. */
export function sealChanges<T extends object>(
  key: DataKey,
  fields: readonly (keyof T)[],
  before: Partial<T>,
  after: Partial<T>,
) {
  const changes = Object.fromEntries(
    fields.map((name) => [name, { before: before[name] ?? null, after: after[name] ?? null }]),
  )
  return changesUnder(key, changes)
}

/** What hung on a record that was merged has gone to the other. @throws Problem patientMerged */
function assertWhole({ id, merged_into }: ReadPatientRow) {
  if (merged_into !== null) throw new Problem(patientMerged, { merged_into }).naming({ patient_id: id })
}

function assertThere(row: ReadPatientRow | undefined): asserts row is Row {
  if (!row) throw new Problem(notFound)
  if (row.erased_at !== null || row.wrapped === null) throw new Problem(patientErased)
}
