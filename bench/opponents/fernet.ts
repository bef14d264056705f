// Writes what the reference's own code would write: Fernet tokens (AES-128-CBC with HMAC-SHA256) and its blind index.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto'

export type FernetKey = { signing: Buffer; encryption: Buffer }

/** @throws when the key is not 32 bytes of base64 */
export function readFernetKey(text: string): FernetKey {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 32) throw new Error('a Fernet key is 32 bytes')
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) }
}

const fernet_version = 0x80

export function sealWithFernet(key: FernetKey, text: string, now_seconds: number): string {
  const header = Buffer.alloc(9)
  header.writeUInt8(fernet_version)
  header.writeBigUInt64BE(BigInt(now_seconds), 1)
  const initialization_vector = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', key.encryption, initialization_vector)
  const signed = Buffer.concat([header, initialization_vector, cipher.update(text, 'utf8'), cipher.final()])
  const token = Buffer.concat([signed, createHmac('sha256', key.signing).update(signed).digest()])
  // Python's decoder wants the padding that base64url leaves out.
  return token.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

export function blindIndex(secret: string, value: string): string {
  return createHmac('sha256', secret).update(value.toLowerCase()).digest('hex')
}
