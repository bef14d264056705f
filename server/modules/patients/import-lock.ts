// Whoever runs an import holds a lock on a connection of its own, which falls with the process.
import { tryLockImport, unlockImport } from './import-job.store.ts'
import type { System } from '#platform/context.ts'
import type { Connection } from '#platform/database/connection.ts'
import type { Sql } from '#platform/database/sql.ts'

export type ImportLock = { release(): Promise<void> }

/** Undefined while somebody has it. */
export async function lockImport({ pool }: Pick<System, 'pool'>, id: string): Promise<ImportLock | undefined> {
  const connection = await pool.connect()
  let isLocked: boolean | undefined
  try {
    isLocked = await ask(connection, tryLockImport(id))
  } finally {
    // Ended where it may have the lock.
    if (!isLocked) connection.release(isLocked === undefined)
  }
  if (!isLocked) return undefined
  return {
    async release() {
      const isFree = await ask(connection, unlockImport(id)).catch(() => false)
      connection.release(!isFree)
    },
  }
}

async function ask(connection: Connection, { text, name, values }: Sql<{ is_done: boolean }>): Promise<boolean> {
  const { rows } = await connection.query({ text, name, values: [...values] })
  return (rows as { is_done: boolean }[])[0]?.is_done === true
}
