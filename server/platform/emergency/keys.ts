// The break-glass key: its public half is known to servers, which seal for it; the other half lies offline in a file under a passphrase.
// A content key is wrapped for every public key by an exchange with a key of its own (X25519, HKDF-SHA-256, AES-256-GCM).
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  scrypt,
} from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { associatedData, decrypt, encrypt } from '#platform/encryption/aead.ts'

export const leastPassphraseCharacters = 15

/** So that nobody gives the base64 of another key by mistake. */
const prefix = 'owe1_'
const keyBytes = 32
const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)
/** OWASP Password Storage Cheat Sheet, the first of its choices for scrypt: 128 MiB and about half a second. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 ** 2 }

export class EmergencyKeyRefused extends Error {}

export type PublicKey = { id: string; raw: Buffer }
/** A content key as it lies in a copy, once for every break-glass key. */
export const Wrapped = z.strictObject({ key_id: z.string(), ephemeral: z.base64url(), wrapped: z.base64url() })
export type Wrapped = z.output<typeof Wrapped>

const KeyFile = z.strictObject({
  openward_emergency_key: z.literal(1),
  public_key: z.string(),
  salt: z.base64url(),
  sealed: z.base64url(),
})

/** Undefined for what is no public key of this kind. */
export function parsePublicKey(text: string): PublicKey | undefined {
  if (!text.startsWith(prefix)) return undefined
  const raw = Buffer.from(text.slice(prefix.length), 'base64url')
  return raw.length === keyBytes && formatPublicKey(raw) === text ? { id: idOf(raw), raw } : undefined
}

const formatPublicKey = (raw: Buffer) => prefix + raw.toString('base64url')
const idOf = (raw: Buffer) => createHash('sha256').update(raw).digest('hex').slice(0, 16)

/** A new pair: the public half for the servers, and the text of the file that holds the other. */
export async function generateEmergencyKey(passphrase: string): Promise<{ public_key: string; file: string }> {
  if (passphrase.length < leastPassphraseCharacters)
    throw new EmergencyKeyRefused(`the passphrase must have ${leastPassphraseCharacters} characters or more`)
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const public_key = formatPublicKey(rawOf(publicKey))
  const salt = randomBytes(16)
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' })
  const sealed = encrypt(await derive(passphrase, salt, keyBytes, cost), placeOf(public_key), secret)
  const file = {
    openward_emergency_key: 1,
    public_key,
    salt: salt.toString('base64url'),
    sealed: sealed.toString('base64url'),
  } satisfies z.input<typeof KeyFile>
  return { public_key, file: `${JSON.stringify(file, null, 2)}\n` }
}

/** @throws EmergencyKeyRefused for another file, or another passphrase */
export async function openKeyFile(text: string, passphrase: string): Promise<KeyObject> {
  const file = KeyFile.safeParse(parsed(text)).data
  if (!file) throw new EmergencyKeyRefused('the key file holds no break-glass key of OpenWard')
  const key = await derive(passphrase, Buffer.from(file.salt, 'base64url'), keyBytes, cost)
  const secret = decrypt(key, placeOf(file.public_key), Buffer.from(file.sealed, 'base64url'))
  if (!secret) throw new EmergencyKeyRefused('the passphrase is not that of this key file')
  return createPrivateKey({ key: secret, type: 'pkcs8', format: 'der' })
}

const placeOf = (public_key: string) => associatedData('emergency_key', public_key)

/** `place` says where the content key belongs: it opens nowhere else. */
export function wrapFor(keys: readonly PublicKey[], place: string, content_key: Buffer): Wrapped[] {
  return keys.map(({ id, raw }) => {
    const { privateKey, publicKey } = generateKeyPairSync('x25519')
    const ephemeral = rawOf(publicKey)
    const shared = agree(privateKey, keyOf(raw), ephemeral, raw)
    return {
      key_id: id,
      ephemeral: ephemeral.toString('base64url'),
      wrapped: encrypt(shared, associatedData('emergency_wrap', place, id), content_key).toString('base64url'),
    }
  })
}

/** Undefined where none of them is for this key, or was altered. */
export function unwrapWith(secret: KeyObject, place: string, wraps: readonly Wrapped[]): Buffer | undefined {
  const raw = rawOf(createPublicKey(secret))
  const id = idOf(raw)
  const mine = wraps.find(({ key_id }) => key_id === id)
  const ephemeral = Buffer.from(mine?.ephemeral ?? '', 'base64url')
  if (!mine || ephemeral.length !== keyBytes) return undefined
  const shared = agree(secret, keyOf(ephemeral), ephemeral, raw)
  return decrypt(shared, associatedData('emergency_wrap', place, id), Buffer.from(mine.wrapped, 'base64url'))
}

function agree(privateKey: KeyObject, publicKey: KeyObject, ephemeral: Buffer, recipient: Buffer): Buffer {
  const shared = diffieHellman({ privateKey, publicKey })
  return Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeral, recipient]), 'openward emergency', keyBytes))
}

const keyOf = (raw: Buffer) =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' })
const rawOf = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
