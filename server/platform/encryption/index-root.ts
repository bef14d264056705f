// Index roots: random keys from which exact-match tokens are made. Being random, and only wrapped under a
// master key, they outlive its rotation, and nothing is indexed anew.
import { randomBytes } from 'node:crypto'
import { IntegrityError } from './failures.ts'
import { rewrapKey, unwrapKey, wrapKey, type Keyring, type WrappedKey, type WrapPlace } from './keyring.ts'
import { rootBytes, type IndexRoot } from './tokens.ts'

/** An index root as its row holds it. */
export type StoredIndexRoot = WrappedKey & { version: number }

/** A new root of this version: store `version`, `kek_id` and `wrapped`, never `root`. */
export function newIndexRoot(keyring: Keyring, version: number): IndexRoot & StoredIndexRoot {
  const root = randomBytes(rootBytes)
  return { version, root, ...wrapKey(keyring, indexRootPlace(version), root) }
}

/** Throws KeyUnavailable when its master key is missing, IntegrityError when it was altered or has another version. */
export function openIndexRoot(keyring: Keyring, stored: StoredIndexRoot): IndexRoot {
  const place = indexRootPlace(stored.version)
  const root = unwrapKey(keyring, place, stored)
  if (root.length !== rootBytes) throw new IntegrityError(place.purpose, place.id)
  return { version: stored.version, root }
}

/** The root wrapped under the newest master key, or undefined when it already is. Throws as `openIndexRoot` does. */
export function rewrapIndexRoot(keyring: Keyring, stored: StoredIndexRoot): WrappedKey | undefined {
  return rewrapKey(keyring, indexRootPlace(stored.version), stored)
}

function indexRootPlace(version: number): WrapPlace {
  return { purpose: 'index_root', id: String(version) }
}
