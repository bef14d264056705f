// What prescribing asks the assessments for: how much somebody weighed last.
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { openKey, openVersion } from './assessment.sealing.ts'
import { listSeries } from './assessment.store.ts'

export type KnownWeight = { weight_kg: number; assessment_id: string; taken_at: string }

/** Looked through, newest first: vital signs are taken more often than anybody is weighed. */
const page = { skip: 0, limit: 100, after: undefined }

/** In the reach of the transaction. @throws Problem keyUnavailable, IntegrityError: what cannot be read must not count as nothing */
export async function readLastWeight(keyring: Keyring, tx: Tx, patient_id: string): Promise<KnownWeight | undefined> {
  for (const row of await tx.rows(listSeries(patient_id, { from: undefined, to: undefined }, page))) {
    const content = openVersion(openKey(keyring, row), row.id, row, false)
    const weight_kg = content.kind === 'nursing' ? (content.form.vital_signs?.weight_kg ?? null) : null
    if (weight_kg !== null) return { weight_kg, assessment_id: row.assessment_id, taken_at: row.taken_at }
  }
  return undefined
}
