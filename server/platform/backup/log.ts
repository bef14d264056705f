// PostgreSQL's log of changes (WAL), copied segment by segment behind a backup: with it a backup leads to any later moment.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { certain } from '#platform/certain.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'
import { partName, unfinishedName } from './repository.ts'
import { writeSealed } from './sealed-file.ts'

/** Keeps what was not copied yet, up to `max_slot_wal_keep_size`. */
export const slotName = 'openward_backup'
/** Any number that no other lock uses (database/migrate.ts). */
const backupLock = 7_203_441_002

export type LogPlace = { timeline: number; segment_bytes: number }

/** @throws BackupFailed where the database does not answer */
export async function connectOwner(owner_url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: owner_url,
    connectionTimeoutMillis: 10_000,
    application_name: 'openward backup',
    keepAlive: true,
  })
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new BackupFailed(`the database does not answer${code}`, { cause: error })
  })
  await client.query(
    `set statement_timeout = 0; set transaction_timeout = 0; set idle_session_timeout = 0; set idle_in_transaction_session_timeout = 0`,
  )
  return client
}

/** Until the connection ends. False where another process makes a backup or copies the log. */
export async function lockBackups(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [backupLock])
  return rows[0]?.locked === true
}

export async function readLogPlace(client: pg.Client): Promise<LogPlace> {
  const { rows } = await client.query<LogPlace>(`
    select timeline_id as timeline, pg_size_bytes(current_setting('wal_segment_size'))::int as segment_bytes
      from pg_control_checkpoint()`)
  return certain(rows[0], 'log of PostgreSQL')
}

/** A position in the log as a number. */
export async function position(client: pg.Client, expression: string, values: unknown[] = []): Promise<bigint> {
  const { rows } = await client.query<{ at: string }>(`select (${expression}) - '0/0'::pg_lsn as at`, values)
  return BigInt(certain(rows[0], 'position in the log').at)
}

export const segmentOf = (at: bigint, { segment_bytes }: LogPlace) => Number(at / BigInt(segment_bytes))

/** As PostgreSQL names its files: timeline, then the number in two parts. */
export function segmentName(number: number, { timeline, segment_bytes }: LogPlace): string {
  const perPart = 0x1_0000_0000 / segment_bytes
  const digits = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
  return digits(timeline) + digits(Math.floor(number / perPart)) + digits(number % perPart)
}

/** Closes the segment that is written to; returns the first that is not closed. */
export async function closeSegment(client: pg.Client, place: LogPlace): Promise<number> {
  await client.query('select pg_switch_wal()')
  return segmentOf(await position(client, 'pg_current_wal_flush_lsn()'), place)
}

export type Copying = LogPlace & {
  keyring: Keyring
  root: string
  id: string
  cluster_directory: string
  is_unfinished: boolean
}

/**
 * Copies the segments from `from` up to and without `until`, and returns the first that is not copied.
 * @throws BackupFailed where PostgreSQL has removed one already
 */
export async function copySegments(
  copying: Copying,
  from: number,
  until: number,
  stopped?: AbortSignal,
): Promise<number> {
  const { keyring, root, id, cluster_directory, is_unfinished } = copying
  for (let number = from; number < until; number += 1) {
    if (stopped?.aborted) return number
    const segment = segmentName(number, copying)
    const name = partName(id, `log/${segment}`)
    try {
      await writeSealed(keyring, { root, name }, readWhenAsked(join(cluster_directory, 'pg_wal', segment)), {
        written_as: is_unfinished ? unfinishedName(id, `log/${segment}`) : name,
      })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        throw new BackupFailed(
          `the log of changes has a gap at ${segment}: PostgreSQL has removed it before it was copied. Make a new backup: \`openward backup\``,
          { cause: error },
        )
      throw error
    }
  }
  return until
}

/** Opened by whoever reads it: that it is not there would be nobody's error before, and end the process. */
async function* readWhenAsked(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path) as AsyncIterable<Buffer>
}

/** Makes sure that PostgreSQL keeps its log from here on. */
export async function keepLog(client: pg.Client, temporary: boolean): Promise<void> {
  if (!temporary) {
    const { rows } = await client.query<{ wal_status: string | null }>(
      'select wal_status from pg_replication_slots where slot_name = $1',
      [slotName],
    )
    if (rows[0] && rows[0].wal_status !== 'lost') return
    if (rows[0]) await client.query('select pg_drop_replication_slot($1)', [slotName])
  }
  const name = temporary ? `${slotName}_${process.pid}` : slotName
  await client.query('select pg_create_physical_replication_slot($1, true, $2)', [name, temporary])
}

/** PostgreSQL may remove what lies before this segment. */
export async function releaseLog(client: pg.Client, until: number, { segment_bytes }: LogPlace): Promise<void> {
  const at = BigInt(until) * BigInt(segment_bytes)
  await client.query(
    `select pg_replication_slot_advance(slot_name, $2) from pg_replication_slots
      where slot_name = $1 and wal_status <> 'lost' and restart_lsn < $2::pg_lsn`,
    [slotName, `${(at >> 32n).toString(16)}/${(at & 0xffff_ffffn).toString(16)}`],
  )
}
