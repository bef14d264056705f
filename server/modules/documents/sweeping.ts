// Removes from the document store what nobody keeps: files of uploads whose server died, and of documents that were erased.
import { lockLeftovers, strikeOutAll } from './file.store.ts'
import { deleteOldLinks } from './link.store.ts'
import { unattendedDatabase } from './unattended.ts'
import type { System } from '#platform/context.ts'

export const sweepEveryMilliseconds = 10_000
const batch = 50

/** A file is struck out in the transaction in which it was removed, so that none is forgotten. How many were removed. */
export async function sweepFiles(system: System): Promise<number> {
  const database = unattendedDatabase(system)
  let count = 0
  for (;;) {
    const removed = await database.transaction(async (tx) => {
      const names = (await tx.rows(lockLeftovers(batch))).map(({ storage_key }) => storage_key)
      for (const name of names) await system.storage.remove(name)
      if (names.length > 0) await tx.run(strikeOutAll(names))
      return names.length
    })
    count += removed
    if (removed < batch) break
  }
  await database.once((tx) => tx.run(deleteOldLinks()))
  return count
}
