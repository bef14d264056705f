// Seals text for one column of one row under a data key. What still shows is the size class and the time of writing.
import { associatedData, decrypt, encrypt, envelopeBytes } from './aead.ts'
import { IntegrityError } from './failures.ts'

/** A data key, unwrapped. `key` has 32 bytes. */
export type DataKey = { id: string; key: Buffer }

/** Where a sealed value lives; it opens nowhere else. `row_id` is the text that the database gives for the id. */
export type SealPlace = { table: string; column: string; row_id: string }

/** Inside, before padding: the length of the text in bytes (4 bytes, big-endian), then the text as UTF-8. */
const lengthBytes = 4
const smallestClassBytes = 16

/** Seals a text, padded to 16, 32, 64, 128 … bytes. Throws a TypeError for a lone surrogate, which UTF-8 cannot hold. */
export function seal(key: DataKey, place: SealPlace, text: string): Buffer {
  if (!text.isWellFormed()) throw new TypeError('a text to seal has a lone surrogate')
  const textBytes = Buffer.byteLength(text)
  const padded = Buffer.allocUnsafe(sizeClass(lengthBytes + textBytes))
  padded.writeUInt32BE(textBytes, 0)
  padded.write(text, lengthBytes)
  padded.fill(0, lengthBytes + textBytes)
  return encrypt(key.key, sealAssociatedData(key, place), padded)
}

/** Throws IntegrityError unless this very value was sealed for this place with this key. */
export function open(key: DataKey, place: SealPlace, sealed: Buffer): string {
  const text = openText(key, place, sealed)
  if (text === undefined) throw integrityError(place)
  return text
}

/** Seals a value that JSON can hold. Throws a TypeError for undefined or a function. */
export function sealJson(key: DataKey, place: SealPlace, value: unknown): Buffer {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('a value to seal has no JSON form')
  return seal(key, place, text)
}

/** As `open`; `T` is the caller's word for what was sealed. */
export function openJson<T>(key: DataKey, place: SealPlace, sealed: Buffer): T {
  const text = open(key, place, sealed)
  try {
    return JSON.parse(text) as T
  } catch {
    // The SyntaxError quotes the text.
    throw integrityError(place)
  }
}

function openText(key: DataKey, place: SealPlace, sealed: Buffer): string | undefined {
  const paddedBytes = sealed.length - envelopeBytes
  if (paddedBytes !== sizeClass(paddedBytes)) return undefined
  const padded = decrypt(key.key, sealAssociatedData(key, place), sealed)
  if (padded === undefined) return undefined
  const end = lengthBytes + padded.readUInt32BE(0)
  return end > padded.length ? undefined : padded.toString('utf8', lengthBytes, end)
}

/** The power of two that holds this many bytes, at least 16. */
function sizeClass(bytes: number): number {
  return bytes <= smallestClassBytes ? smallestClassBytes : 2 ** (32 - Math.clz32(bytes - 1))
}

function sealAssociatedData(key: DataKey, place: SealPlace): Buffer {
  return associatedData(place.table, place.column, place.row_id, key.id)
}

function integrityError(place: SealPlace): IntegrityError {
  return new IntegrityError(`${place.table}.${place.column}`, place.row_id)
}
