// What is sealed of a visit: why somebody came, and why its status changed.
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'

/** The patient's key as stored; without `wrapped` the person was erased. */
export type StoredKey = { key_id: string | null; kek_id: string | null; wrapped: Buffer | null }

export function openKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey | undefined {
  if (key_id === null || kek_id === null || wrapped === null) return undefined
  return openDataKey(keyring, { id: key_id, kek_id, wrapped })
}

export function sealComplaint(key: DataKey, visit_id: string, chief_complaint: string | null): Buffer | null {
  return chief_complaint === null ? null : sealJson(key, complaint(visit_id), { chief_complaint })
}

export function openComplaint(key: DataKey | undefined, visit_id: string, sealed: Buffer | null): string | null {
  if (!key || !sealed) return null
  return openJson<{ chief_complaint: string }>(key, complaint(visit_id), sealed).chief_complaint
}

export function sealReason(key: DataKey, change_id: string, reason: string): Buffer {
  return sealJson(key, why(change_id), { reason })
}

export function openReason(key: DataKey | undefined, change_id: string, sealed: Buffer | null): string | null {
  return key && sealed ? openJson<{ reason: string }>(key, why(change_id), sealed).reason : null
}

const complaint = (row_id: string) => ({ table: 'visits', column: 'sealed_chief_complaint', row_id })
const why = (row_id: string) => ({ table: 'visit_history', column: 'sealed_reason', row_id })
