// What the chart says, sealed under the patient's key.
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'
import { keyUnavailable, Problem } from '#platform/contract/problem.ts'

/** The patient's key as stored; without `wrapped` the person was erased. */
export type StoredKey = { key_id: string; kek_id: string | null; wrapped: Buffer | null }
export type SealedColumn = { table: string; column: string }

export function sealed(key: DataKey, column: SealedColumn, row_id: string, content: unknown): Buffer {
  return sealJson(key, { ...column, row_id }, content)
}

/** @throws Problem keyUnavailable, IntegrityError */
export function openSealed<Content>(
  keyring: Keyring,
  column: SealedColumn,
  row_id: string,
  { key_id, kek_id, wrapped }: StoredKey,
  bytes: Buffer,
): Content {
  if (kek_id === null || wrapped === null) throw new Problem(keyUnavailable)
  return openJson<Content>(openDataKey(keyring, { id: key_id, kek_id, wrapped }), { ...column, row_id }, bytes)
}
