// Data keys: one random key for a patient, or for a purpose of the system, stored wrapped under a master key.
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { IntegrityError } from './failures.ts'
import { rewrapKey, unwrapKey, wrapKey, type Keyring, type WrappedKey, type WrapPlace } from './keyring.ts'
import type { DataKey } from './sealing.ts'

/** A data key as its row holds it. Whose key it is, is not bound: a merge moves keys between patients. */
export type StoredDataKey = WrappedKey & { id: string }

const dataKeyBytes = 32

/**
 * Keys that were opened a moment ago, by how they lie in their row: a list or a search opens the same ones again and again, and each
 * costs as much as what is sealed under it. The older half makes room for the newer. No longer than a minute does a key open here
 * whose row was destroyed.
 */
type Recent = Map<string, { kek_id: string; key: DataKey; until: number }>
const opened = new WeakMap<Keyring, { newer: Recent; older: Recent }>()
const keptMilliseconds = 60_000
const mostInAHalf = 5000

/** A new key: store `id`, `kek_id` and `wrapped`, never `key`. */
export function newDataKey(keyring: Keyring): DataKey & StoredDataKey {
  const id = randomUUIDv7()
  const key = randomBytes(dataKeyBytes)
  return { id, key, ...wrapKey(keyring, dataKeyPlace(id), key) }
}

/** Throws KeyUnavailable when its master key is missing, IntegrityError when it was altered or belongs to another id. */
export function openDataKey(keyring: Keyring, stored: StoredDataKey): DataKey {
  let halves = opened.get(keyring)
  if (!halves) opened.set(keyring, (halves = { newer: new Map(), older: new Map() }))
  const wrapped = stored.wrapped.toString('latin1')
  const known = halves.newer.get(wrapped) ?? halves.older.get(wrapped)
  const now = performance.now()
  if (known && known.until > now && known.key.id === stored.id && known.kek_id === stored.kek_id) return known.key
  const key = unwrapDataKey(keyring, stored)
  if (halves.newer.size >= mostInAHalf) opened.set(keyring, (halves = { newer: new Map(), older: halves.newer }))
  halves.newer.set(wrapped, { kek_id: stored.kek_id, key, until: now + keptMilliseconds })
  return key
}

function unwrapDataKey(keyring: Keyring, stored: StoredDataKey): DataKey {
  const place = dataKeyPlace(stored.id)
  const key = unwrapKey(keyring, place, stored)
  if (key.length !== dataKeyBytes) throw new IntegrityError(place.purpose, place.id)
  return { id: stored.id, key }
}

/** The key wrapped under the newest master key, or undefined when it already is. Throws as `openDataKey` does. */
export function rewrapDataKey(keyring: Keyring, stored: StoredDataKey): WrappedKey | undefined {
  return rewrapKey(keyring, dataKeyPlace(stored.id), stored)
}

function dataKeyPlace(id: string): WrapPlace {
  return { purpose: 'data_key', id }
}
