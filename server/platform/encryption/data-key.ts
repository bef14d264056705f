// Data keys: one random key for a patient, or for a purpose of the system, stored wrapped under a master key.
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { IntegrityError } from './failures.ts'
import { rewrapKey, unwrapKey, wrapKey, type Keyring, type WrappedKey, type WrapPlace } from './keyring.ts'
import { recentOf } from './recent.ts'
import type { DataKey } from './sealing.ts'

/** A data key as its row holds it. Whose key it is, is not bound: a merge moves keys between patients. */
export type StoredDataKey = WrappedKey & { id: string }

const dataKeyBytes = 32

/** Each key costs as much to open as what is sealed under it. No longer than a minute does one open here whose row was destroyed. */
const keysInAHalf = 5000
const recentKeys = recentOf<Keyring, { kek_id: string; key: DataKey }>(keysInAHalf)

/** A new key: store `id`, `kek_id` and `wrapped`, never `key`. */
export function newDataKey(keyring: Keyring): DataKey & StoredDataKey {
  const id = randomUUIDv7()
  const key = randomBytes(dataKeyBytes)
  return { id, key, ...wrapKey(keyring, dataKeyPlace(id), key) }
}

/** Throws KeyUnavailable when its master key is missing, IntegrityError when it was altered or belongs to another id. */
export function openDataKey(keyring: Keyring, stored: StoredDataKey): DataKey {
  const recent = recentKeys(keyring)
  const wrapped = stored.wrapped.toString('latin1')
  const known = recent.get(wrapped)
  if (known && known.key.id === stored.id && known.kek_id === stored.kek_id) return known.key
  const key = openDataKeyOnce(keyring, stored)
  recent.set(wrapped, { kek_id: stored.kek_id, key })
  return key
}

/** As `openDataKey`, of many that are gone through once: none of them takes the place of a key that is asked for again. */
export function openDataKeyOnce(keyring: Keyring, stored: StoredDataKey): DataKey {
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
