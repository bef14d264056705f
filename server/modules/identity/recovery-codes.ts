// One-time codes for someone who lost their second factor: printed once, stored hashed.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const codeCount = 10
/** 120 bits. ASVS 5.0 6.5.2 lets a secret of 112 bits or more be stored under a plain hash. */
const codeBytes = 15

/** Crockford's base32: no I, L, O, U, so that a printed code is read in one way only. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Ten new codes such as `7K3M-90XQ-…`, to be shown once. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: codeCount }, newCode)
}

/**
 * What is stored of a code: SHA-256. 120 random bits cannot be searched through, so salt and a slow hash would add nothing
 * and ten of them would cost a login ten turns. Case, spaces and hyphens do not matter, `O` is read as 0, `I` and `L` as 1.
 */
export function hashRecoveryCode(code: string): Buffer {
  const typed = code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return createHash('sha256').update(`recovery-code\0${typed}`).digest()
}

/**
 * The stored hash that the code belongs to, or undefined. Compares with all of them in constant time. Single use is the
 * caller's: mark that hash used in the same transaction, where it is not yet.
 */
export function findRecoveryCode(stored: readonly Uint8Array[], code: string): Uint8Array | undefined {
  const hashed = hashRecoveryCode(code)
  let found: Uint8Array | undefined
  for (const candidate of stored) {
    if (candidate.length === hashed.length && timingSafeEqual(candidate, hashed)) found = candidate
  }
  return found
}

function newCode(): string {
  const bits = [...randomBytes(codeBytes)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const characters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet.charAt(Number.parseInt(five, 2))).join('')
  return (characters.match(/.{4}/g) ?? []).join('-')
}
