// The document store beside the database: files of which nothing knows, and documents whose file is not there. Changes nothing.
import { documentExists, findStorageKeys, findUnknown } from './file.store.ts'
import { unattendedDatabase } from './unattended.ts'
import type { System } from '#platform/context.ts'
import { ContentMissing } from '#platform/storage/failures.ts'

export type Comparison = {
  files: number
  documents: number
  /** Names in the store. */
  unknown_files: string[]
  /** Documents by their ids. */
  missing_files: string[]
}

const batch = 1000
const first_id = '00000000-0000-0000-0000-000000000000'

/** What comes and goes meanwhile is looked at again, and is no finding. @throws StorageUnavailable */
export async function compareFiles(system: Pick<System, 'pool' | 'storage'>): Promise<Comparison> {
  const database = unattendedDatabase(system)
  const { storage } = system
  const isThere = async (name: string) => {
    try {
      // Reading begins, so that leaving it closes the file.
      for await (const _part of await storage.read(name)) break
      return true
    } catch (error) {
      if (error instanceof ContentMissing) return false
      throw error
    }
  }

  const names = new Set<string>()
  for await (const name of storage.list()) names.add(name)
  const unknown_files: string[] = []
  const all = [...names]
  for (let at = 0; at < all.length; at += batch) {
    const rows = await database.once((tx) => tx.rows(findUnknown(all.slice(at, at + batch))))
    for (const { storage_key } of rows) if (await isThere(storage_key)) unknown_files.push(storage_key)
  }

  const missing_files: string[] = []
  let documents = 0
  for (let after = first_id; ;) {
    const rows = await database.once((tx) => tx.rows(findStorageKeys(after, batch)))
    documents += rows.length
    for (const { id, storage_key } of rows) {
      if (names.has(storage_key) || (await isThere(storage_key))) continue
      if (await database.once((tx) => tx.first(documentExists(id)))) missing_files.push(id)
    }
    const last = rows.at(-1)
    if (!last || rows.length < batch) return { files: names.size, documents, unknown_files, missing_files }
    after = last.id
  }
}
