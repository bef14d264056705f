// AES-256-GCM in one envelope: format version (1 byte) | nonce (12) | ciphertext | tag (16).
// The only file that calls a cipher.
import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from 'node:crypto'

/** The format that is written. The associated data must hold it too, see `associatedData`. */
export const formatVersion = 1

const cipherName = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
const headerBytes = 1 + nonceBytes
const options = { authTagLength: tagBytes }

/** What an envelope is longer than its plaintext. */
export const envelopeBytes = headerBytes + tagBytes

/** Encrypts under a fresh random nonce: at most 2^32 times with one key (NIST SP 800-38D, 8.3). */
export function encrypt(key: Buffer | KeyObject, associated: Buffer, plain: Buffer): Buffer {
  return unsafeEncryptWithNonce(key, nextNonce(), associated, plain)
}

/** For test vectors: one nonce used twice with a key gives both plaintexts and the authentication key away. */
export function unsafeEncryptWithNonce(
  key: Buffer | KeyObject,
  nonce: Buffer,
  associated: Buffer,
  plain: Buffer,
): Buffer {
  if (nonce.length !== nonceBytes) throw new RangeError(`a nonce has ${nonceBytes} bytes`)
  const cipher = createCipheriv(cipherName, key, nonce, options)
  cipher.setAAD(associated)
  const envelope = Buffer.allocUnsafe(envelopeBytes + plain.length)
  envelope[0] = formatVersion
  nonce.copy(envelope, 1)
  cipher.update(plain).copy(envelope, headerBytes)
  cipher.final()
  cipher.getAuthTag().copy(envelope, headerBytes + plain.length)
  return envelope
}

/** The plaintext, or undefined when the envelope is not exactly what `encrypt` made with this key and associated data. */
export function decrypt(key: Buffer | KeyObject, associated: Buffer, envelope: Buffer): Buffer | undefined {
  if (envelope.length < envelopeBytes || envelope[0] !== formatVersion) return undefined
  const tagAt = envelope.length - tagBytes
  const decipher = createDecipheriv(cipherName, key, envelope.subarray(1, headerBytes), options)
  decipher.setAAD(associated)
  decipher.setAuthTag(envelope.subarray(tagAt))
  const plain = decipher.update(envelope.subarray(headerBytes, tagAt))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

/** Format version, then each part behind its length in bytes: no two lists of parts give the same bytes. */
export function associatedData(...parts: string[]): Buffer {
  let size = 1
  for (const part of parts) size += 2 + Buffer.byteLength(part)
  const bytes = Buffer.allocUnsafe(size)
  bytes[0] = formatVersion
  let at = 1
  for (const part of parts) {
    const written = bytes.write(part, at + 2)
    // Throws a RangeError above 65,535 bytes, which no name or id has.
    bytes.writeUInt16BE(written, at)
    at += 2 + written
  }
  return bytes
}

// A call for random bytes costs about 3 µs, as much as sealing itself: 256 nonces are drawn at once, each used once.
const nonces = Buffer.alloc(nonceBytes * 256)
let nextNonceAt = nonces.length

function nextNonce(): Buffer {
  if (nextNonceAt === nonces.length) {
    randomFillSync(nonces)
    nextNonceAt = 0
  }
  const nonce = nonces.subarray(nextNonceAt, nextNonceAt + nonceBytes)
  nextNonceAt += nonceBytes
  return nonce
}
