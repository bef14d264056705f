// One moment of the database, marked in its log and seen by a snapshot: what a backup, restored up to the mark, must hold to the row.
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { BackupFailed } from './failures.ts'
import { connectOwner } from './log.ts'
import { digestTables, listTables, type TableDigests } from './table-digests.ts'

export type Moment = {
  taken_at: string
  /** Of the mark in the log. */
  at: bigint
  /** Reads every table as it was then, however long that takes. */
  digest(): Promise<TableDigests>
  close(): Promise<void>
}

/**
 * Nobody writes for as long as it takes to set the mark and to look: a few milliseconds, once those who write already are done. Those
 * who take longer than a second are let finish, and it is tried again. @throws BackupFailed
 */
export async function markMoment(owner_url: string, name: string, most_attempts = 30): Promise<Moment> {
  const marking = await connectOwner(owner_url)
  const reading = await connectOwner(owner_url)
  try {
    const tables = await listTables(reading)
    for (let attempt = 1; ; attempt += 1) {
      const marked = await tryMark(marking, reading, tables, name)
      if (marked) {
        const close = () => reading.end()
        return { ...marked, digest: () => digestTables(reading, tables), close }
      }
      if (attempt >= most_attempts)
        throw new BackupFailed('writing to the database did not pause for a moment: try again when less is going on')
      await wait(250)
    }
  } catch (error) {
    await reading.end().catch(() => undefined)
    throw error
  } finally {
    await marking.end().catch(() => undefined)
  }
}

async function tryMark(marking: pg.Client, reading: pg.Client, tables: readonly string[], name: string) {
  try {
    await marking.query(`begin isolation level repeatable read; set local lock_timeout = '1s'`)
    // Excludes those who write and nobody else. It takes no snapshot: the next statement does.
    await marking.query(`lock table ${tables.join(', ')} in share mode`)
    const { rows } = await marking.query<{ at: string; taken_at: string; snapshot: string }>(
      `select pg_create_restore_point($1) - '0/0'::pg_lsn as at, pg_export_snapshot() as snapshot,
              to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as taken_at`,
      [name],
    )
    const { at = '0', taken_at = '', snapshot = '' } = rows[0] ?? {}
    await reading.query('begin isolation level repeatable read read only')
    await reading.query(`set transaction snapshot '${snapshot}'`)
    await marking.query('commit')
    return { at: BigInt(at), taken_at }
  } catch (error) {
    await marking.query('rollback')
    // lock_not_available, deadlock_detected
    if (error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01')) return undefined
    throw error
  }
}
