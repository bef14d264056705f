// Reads every document of the store to its end and finds whether it is what was uploaded. Changes nothing.
import { contentPlace, openLabel, openRowKey } from './document.sealing.ts'
import { findStoredAfter, type StoredDocument } from './document.store.ts'
import { unattendedDatabase } from './unattended.ts'
import type { System } from '#platform/context.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { verifyContent } from '#platform/storage/content.ts'
import { ContentMissing } from '#platform/storage/failures.ts'

export type Verification = {
  documents: number
  bytes: number
  /** Documents by their ids, whose content is not there. */
  missing: string[]
  /** Those whose content, name or key is not what was stored. */
  altered: string[]
}

const batch = 200
const first_id = '00000000-0000-0000-0000-000000000000'

/** @throws StorageUnavailable */
export async function verifyDocuments(system: Pick<System, 'pool' | 'storage' | 'keys'>): Promise<Verification> {
  const database = unattendedDatabase(system)
  const found: Verification = { documents: 0, bytes: 0, missing: [], altered: [] }
  for (let after = first_id; ;) {
    const rows = await database.once((tx) => tx.rows(findStoredAfter(after, batch)))
    for (const row of rows) {
      found.documents += 1
      found.bytes += row.size_bytes
      const wrong = await judge(system, row)
      if (wrong) found[wrong].push(row.id)
    }
    const last = rows.at(-1)
    if (!last || rows.length < batch) return found
    after = last.id
  }
}

async function judge(
  { storage, keys }: Pick<System, 'storage' | 'keys'>,
  row: StoredDocument,
): Promise<'missing' | 'altered' | undefined> {
  try {
    const key = openRowKey(keys.keyring, row)
    const { sha256 } = openLabel(key, row)
    await verifyContent(storage, contentPlace(key, row), { size_bytes: row.size_bytes, sha256 })
    return undefined
  } catch (error) {
    if (error instanceof ContentMissing) return 'missing'
    if (error instanceof IntegrityError || error instanceof KeyUnavailable) return 'altered'
    throw error
  }
}
