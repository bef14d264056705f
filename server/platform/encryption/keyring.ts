// The master keys (key-encryption keys, KEK) of this server: they wrap other keys, and never leave this file.
// Raw bytes live in KeyObjects, so that no log line or error can print them.
import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { associatedData, decrypt, encrypt } from './aead.ts'
import { IntegrityError, KeyUnavailable } from './failures.ts'

/** Newest first: the newest wraps, all unwrap. */
export type Keyring = {
  readonly keks: readonly [Kek, ...Kek[]]
  /** Where a key vault wraps the keys of the ring; such a ring can grow while the server runs. */
  readonly vault?: VaultRing
}

export type VaultRing = {
  /** Reads whether there are other keys by now. The vault is asked only for those that are new. */
  renew(run: Run): Promise<void>
  /** Makes a key that every server comes to know, and none uses yet. @throws ConfigurationError, VaultUnavailable */
  make(run: Run): Promise<void>
  /** The address under which the vault wraps new keys. */
  address: string
}

type Run = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

export type Kek = { readonly id: string; readonly root: KeyObject; readonly wrapping: KeyObject }

/** What a wrapped key is for and which one it is: a key wrapped for one place does not unwrap in another. */
export type WrapPlace = { purpose: string; id: string }

/** A key as it is stored: the id of the KEK, and the envelope. */
export type WrappedKey = { kek_id: string; wrapped: Buffer }

const masterKeyBytes = 32
const remedy =
  'a master key is the base64 text of 32 random bytes (make one with: openssl rand -base64 32); several are comma-separated, newest first'

/**
 * Reads the value of OPENWARD_MASTER_KEY: base64 of 32 bytes, comma-separated, newest first.
 * Throws an Error that says which key is wrong and how to mend it, without quoting it.
 */
export function parseMasterKeys(text: string): Keyring {
  const texts = text.split(',').map((part) => part.trim())
  const keks = texts.map((part, index) => readMasterKey(part, `master key ${index + 1} of ${texts.length}`))
  const repeated = keks.findIndex((kek, index) => keks.findIndex((other) => other.id === kek.id) !== index)
  if (repeated !== -1)
    throw new Error(`master key ${repeated + 1} of ${keks.length} is there twice: remove one of them`)
  const [newest, ...older] = keks
  return { keks: [certain(newest, 'first part of a text'), ...older] }
}

/** A new master key, as `parseMasterKeys` reads it. */
export function generateMasterKey(): string {
  return randomBytes(masterKeyBytes).toString('base64')
}

/** 32 random bytes for a key-encryption key: for a vault to wrap, and for `kekOf`. */
export function newKekBytes(): Buffer {
  return randomBytes(masterKeyBytes)
}

/** The key-encryption key of 32 bytes. */
export function kekOf(bytes: Buffer): Kek {
  if (bytes.length !== masterKeyBytes) throw new RangeError(`a key-encryption key has ${masterKeyBytes} bytes`)
  const root = createSecretKey(bytes)
  const id = createHash('sha256').update(derive(root, 'id')).digest('hex').slice(0, 16)
  return { id, root, wrapping: createSecretKey(derive(root, 'wrap')) }
}

/** What only a holder of `by` can say: that `made` belongs here. */
export function vouch(by: Kek, made: Kek): Buffer {
  return createHmac('sha256', derive(by.root, 'vouch')).update(derive(made.root, 'id')).digest()
}

export function isVouched(by: Kek, made: Kek, voucher: Buffer): boolean {
  const right = vouch(by, made)
  return voucher.length === right.length && timingSafeEqual(voucher, right)
}

/** The ring as `parseMasterKeys` reads it: only for a thread of this process that opens keys itself. */
export function unsafeMasterKeysText(keyring: Keyring): string {
  return keyring.keks.map(({ root }) => root.export().toString('base64')).join(',')
}

/** The ids of all KEKs, newest first; whatever was wrapped under the others can be wrapped anew. */
export function kekIds(keyring: Keyring): [string, ...string[]] {
  const [newest, ...older] = keyring.keks
  return [newest.id, ...older.map((kek) => kek.id)]
}

/** Wraps a key under the newest KEK. */
export function wrapKey(keyring: Keyring, place: WrapPlace, key: Buffer): WrappedKey {
  const kek = keyring.keks[0]
  return { kek_id: kek.id, wrapped: encrypt(kek.wrapping, wrapAssociatedData(place, kek.id), key) }
}

/** Throws KeyUnavailable when its KEK is not in the ring, IntegrityError when it was altered or moved. */
export function unwrapKey(keyring: Keyring, place: WrapPlace, { kek_id, wrapped }: WrappedKey): Buffer {
  const kek = keyring.keks.find(({ id }) => id === kek_id)
  if (kek === undefined) throw new KeyUnavailable(kek_id)
  const key = decrypt(kek.wrapping, wrapAssociatedData(place, kek_id), wrapped)
  if (key === undefined) throw new IntegrityError(place.purpose, place.id)
  return key
}

/** The same key wrapped under the newest KEK, or undefined when it already is. Throws as `unwrapKey` does. */
export function rewrapKey(keyring: Keyring, place: WrapPlace, stored: WrappedKey): WrappedKey | undefined {
  if (stored.kek_id === keyring.keks[0].id) return undefined
  return wrapKey(keyring, place, unwrapKey(keyring, place, stored))
}

/** 32 bytes for one purpose, from the newest KEK: another value after the master key is rotated. */
export function deriveSecret(keyring: Keyring, purpose: string): Buffer {
  return derive(keyring.keks[0].root, `secret/${purpose}`)
}

/** One secret per KEK, newest first: sign with the first, accept all while the master key is rotated. */
export function deriveSecrets(keyring: Keyring, purpose: string): Buffer[] {
  return keyring.keks.map((kek) => derive(kek.root, `secret/${purpose}`))
}

function readMasterKey(text: string, name: string): Kek {
  if (text === '') throw new Error(`${name} is empty: ${remedy}`)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== masterKeyBytes || bytes.toString('base64') !== text) {
    throw new Error(`${name} is not the base64 text of 32 bytes: ${remedy}`)
  }
  // 32 random bytes have fewer than 12 different ones less often than once in 10^20; typed examples do.
  if (new Set(bytes).size < 12) throw new Error(`${name} is a placeholder, not random: ${remedy}`)
  return kekOf(bytes)
}

function derive(root: KeyObject, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', root, '', `openward/kek/v1/${purpose}`, 32))
}

function wrapAssociatedData(place: WrapPlace, kekId: string): Buffer {
  return associatedData(place.purpose, place.id, kekId)
}
