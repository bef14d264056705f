// What is sealed of assignments and reservations: what was noted, and what for.
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'

/** The key of a sealed text as stored; without `wrapped` the person was erased, or the key is out of reach. */
export type StoredKey = { key_id: string | null; kek_id: string | null; wrapped: Buffer | null }

export type SealedText = { key_id: string | null; sealed: Buffer | null }
export const nothingSealed: SealedText = { key_id: null, sealed: null }

const places = {
  notes: { table: 'resource_assignments', column: 'sealed_notes' },
  purpose: { table: 'resource_reservations', column: 'sealed_purpose' },
} as const

export function openKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey | undefined {
  return key_id !== null && kek_id !== null && wrapped !== null
    ? openDataKey(keyring, { id: key_id, kek_id, wrapped })
    : undefined
}

export function sealText(key: DataKey, what: keyof typeof places, row_id: string, text: string): SealedText {
  return { key_id: key.id, sealed: sealJson(key, { ...places[what], row_id }, { text }) }
}

/** Null where nothing was sealed, or the caller's reach does not hold the key. */
export function openText(
  keyring: Keyring,
  what: keyof typeof places,
  row_id: string,
  sealed: Buffer | null,
  stored: StoredKey,
): string | null {
  const key = sealed ? openKey(keyring, stored) : undefined
  return key && sealed ? openJson<{ text: string }>(key, { ...places[what], row_id }, sealed).text : null
}
