// What a merge and its undoing share: which records, which keys, and the reason as it is kept.
import { patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { openCard, openContact, openIdentifiers, openKeyOf, type PatientRecord } from './patient.sealing.ts'
import { patientTokens } from './patient-tokens.ts'
import {
  findForeignSealed,
  findMergedTrees,
  type ForeignRow,
  type RecordRow,
  replaceTokens,
  updateSealed,
} from './merge.store.ts'
import { sealedTables } from './owned-tables.ts'
import { changesUnder } from '#platform/audit/changes.ts'
import { type ProblemKind, notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { type DataKey, open, seal } from '#platform/encryption/sealing.ts'

/** Who merges or undoes it, and with which keys. */
export type Merger = Pick<Context, 'system'> & { user_id: string | undefined }

/** All that is known of a person. @throws IntegrityError, KeyUnavailable */
export function openRecord(keyring: Keyring, row: RecordRow): PatientRecord {
  const key = openKeyOf(keyring, row)
  const { gender, blood_type, marital_status, occupation, preferred_language } = row
  return {
    gender,
    blood_type,
    marital_status,
    occupation,
    preferred_language,
    ...openCard(key, row.id, row.sealed_card),
    ...openContact(key, row.id, row.sealed_contact),
    ...openIdentifiers(key, row.id, row.sealed_identifiers),
  }
}

/** The record that keeps or gets rows. @throws Problem notFound, patientErased, patientMerged */
export function assertKeeper(row: RecordRow | undefined): asserts row is RecordRow {
  if (!row) throw new Problem(notFound)
  if (row.erased_at !== null) throw new Problem(patientErased)
  if (row.merged_into !== null) {
    throw new Problem(patientMerged, {
      detail: 'This record is itself part of another: undo that merge first, or use the other record',
      merged_into: row.merged_into,
    }).naming({ patient_id: row.id })
  }
}

/** @throws Problem as `assertKeeper`, patientInactive */
export function assertSurvivor(row: RecordRow | undefined): asserts row is RecordRow {
  assertKeeper(row)
  if (!row.is_active) throw new Problem(patientInactive)
}

/** The other record. @throws Problem notFound, patientErased, and `merged` where it is part of another record */
export function assertMergeable(row: RecordRow | undefined, merged: ProblemKind): asserts row is RecordRow {
  if (!row) throw new Problem(notFound)
  if (row.erased_at !== null) throw new Problem(patientErased)
  if (row.merged_into !== null)
    throw new Problem(merged, { merged_into: row.merged_into }).naming({ patient_id: row.id })
}

/** People write names into reasons: it is sealed under the patient's key and goes with an erasure. */
export function sealReason(key: DataKey, reason: string) {
  return changesUnder(key, { reason: { before: null, after: reason } })
}

/**
 * Seals again what is under another record's key: rows written while two records were one. Otherwise whoever may open
 * the record could not open them, and erasing the other one would destroy them.
 */
export async function resealForeign(tx: Tx, keyring: Keyring, records: readonly RecordRow[]): Promise<void> {
  const keys = new Map(records.map((row) => [row.id, openKeyOf(keyring, row)]))
  const ids = [...keys.keys()]
  const found = await Promise.all(
    sealedTables.map(async ({ table, sealed }) => ({
      table,
      sealed,
      rows: await tx.rows(findForeignSealed(table, sealed, ids)),
    })),
  )
  const writes = found.flatMap(({ table, sealed, rows }) =>
    rows.flatMap((row) => {
      const key = keys.get(row.patient_id)
      return key ? [updateSealed(table, row.id, key.id, resealed(keyring, key, table, sealed, row))] : []
    }),
  )
  await Promise.all(writes.map((statement) => tx.run(statement)))
}

function resealed(keyring: Keyring, to: DataKey, table: string, columns: readonly string[], row: ForeignRow) {
  const from = openKeyOf(keyring, row)
  return Object.fromEntries(
    columns.map((column) => {
      const place = { table, column, row_id: row.id }
      const sealed = row[column]
      return [column, Buffer.isBuffer(sealed) ? seal(to, place, open(from, place, sealed)) : null]
    }),
  )
}

/** Makes the tokens of these records again: each is found by its own exact values and those of all that are merged into it. */
export async function retoken(tx: Tx, keys: Keys, roots: readonly string[]): Promise<void> {
  const tokenizer = keys.tokenizer('patients')
  const rows = await tx.rows(findMergedTrees(roots))
  const tokens = rows.flatMap((row) =>
    patientTokens(tokenizer, openRecord(keys.keyring, row)).map((token) => ({ patient_id: row.root, ...token })),
  )
  const once = new Map(
    tokens.map((token) => [
      `${token.patient_id} ${token.kind} ${token.key_version} ${token.token.toString('hex')}`,
      token,
    ]),
  )
  // One order for everyone, so that two who insert the same identifier wait and never deadlock.
  const sorted = [...once].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, token]) => token)
  await Promise.all(replaceTokens(sorted, roots).map((statement) => tx.run(statement)))
}
