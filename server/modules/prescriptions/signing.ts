// Signatures of prescriptions: Ed25519 over the canonical JSON of what was prescribed, with a key that lies wrapped in the database.
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, randomBytes, sign, verify } from 'node:crypto'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { unwrapKey, wrapKey } from '#platform/encryption/keyring.ts'
import type { Medicine } from './prescription.contract.ts'

export type SigningKey = { id: string; public_key: string; kek_id: string; wrapped: Buffer }

/** All that a signature stands for. */
export type SignedContent = {
  format: 'openward-prescription-1'
  prescription_id: string
  prescription_number: string
  /** Whose record it was when it was signed. */
  patient_id: string
  doctor_id: string
  signed_at: string
  verification_code: string
  notes: string | null
  medicines: readonly Medicine[]
}

const place = (id: string) => ({ purpose: 'prescription', id })
/** Without letters that are taken for digits. */
const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const codeLetters = 26

export function newSigningKey(keyring: Keyring): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const public_key = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const id = hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64url')
  return { id, public_key, ...wrapKey(keyring, place(id), privateKey.export({ type: 'pkcs8', format: 'der' })) }
}

/** @throws KeyUnavailable, IntegrityError */
export function signContent(keyring: Keyring, key: SigningKey, content: SignedContent): Buffer {
  const der = unwrapKey(keyring, place(key.id), key)
  return sign(null, Buffer.from(canonical(content)), createPrivateKey({ key: der, type: 'pkcs8', format: 'der' }))
}

export function isSignatureOf(public_key: string, text: string, signature: Buffer): boolean {
  return verify(null, Buffer.from(text), createPublicKey(public_key), signature)
}

/** 130 bits: nobody comes by one by trying. */
export function newVerificationCode(): string {
  return Array.from(randomBytes(codeLetters), (byte) => letters[byte % letters.length]).join('')
}

/**
 * JSON in one form only (RFC 8785): members in the order of their UTF-16 code units, nothing between. Of what is signed here every number
 * is finite.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(',')}}`
}
