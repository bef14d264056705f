// What signed assessments say, for those who count it: no person is named, and what only treating staff see is not opened.
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type Content, openKey, openVersion, type StoredKey } from './assessment.sealing.ts'

export type { Content } from './assessment.sealing.ts'
export type SignedRow = StoredKey & { id: string; sealed_content: Buffer }

/** Undefined for one that was altered, or whose person was erased: it must not hide the others. */
export function openSigned(keyring: Keyring, row: SignedRow): Content | undefined {
  if (row.wrapped === null) return undefined
  return unlessUnreadable(
    () => openVersion(openKey(keyring, row), row.id, { ...row, sealed_withheld: null, sealed_reason: null }, false),
    () => undefined,
  )
}
