// Where a list of the rows of a figure goes on. It holds the id of a record, which whoever counts may not learn: it is sealed.
import { notOurs } from '#platform/contract/cursor.ts'
import { associatedData, decrypt, encrypt } from '#platform/encryption/aead.ts'
import { deriveSecret, deriveSecrets, type Keyring } from '#platform/encryption/keyring.ts'

/** What was asked, in the order of the contract's members. */
type Question = Readonly<Record<string, unknown>>
type Place = { at: string; id: string }

const purpose = 'figure row cursors'
/** Of an id, and of an instant with all its digits: no cursor is longer than another. */
const idLength = 36
const keyLength = idLength + '2026-12-01T14:00:00.123456789Z'.length

export function sealRowCursor(keyring: Keyring, question: Question, place: Place | undefined): string | null {
  if (!place) return null
  const key = Buffer.from(`${place.id}${place.at}`.padEnd(keyLength))
  return encrypt(deriveSecret(keyring, purpose), associatedOf(question), key).toString('base64url')
}

/** @throws Problem malformed when it is no cursor of ours, or that of another question */
export function openRowCursor(
  keyring: Keyring,
  question: Question,
  cursor: string | undefined,
): readonly [at: string, id: string] | undefined {
  if (cursor === undefined) return undefined
  const sealed = Buffer.from(cursor, 'base64url')
  if (sealed.toString('base64url') !== cursor) throw notOurs()
  const associated = associatedOf(question)
  for (const secret of deriveSecrets(keyring, purpose)) {
    const key = decrypt(secret, associated, sealed)?.toString()
    if (key !== undefined) return [key.slice(idLength).trimEnd(), key.slice(0, idLength)]
  }
  throw notOurs()
}

/** A page may be longer than the one before. */
function associatedOf(question: Question): Buffer {
  return associatedData(purpose, JSON.stringify({ ...question, cursor: undefined, limit: undefined }))
}
