// What every rotation stands on: the database as its owner, one rotation at a time, and where an interrupted one was.
import { isDatabaseError, type Pool } from '#platform/database/connection.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { type Keys, rootsKnownForSeconds } from '#platform/encryption/keys.ts'

export type Rotation = {
  pool: Pool
  /** As the owner of the database: no right of the servers' own role is widened for a rotation. */
  database: Database
  keys: Keys
  say: (line: string) => void
  wait: (seconds: number) => Promise<void>
  /** Gives the role that serves requests the password of the newest key-encryption key, where a vault's key takes over. */
  setAppPassword?: () => Promise<void>
}

/** The database for a rotation, whose statements may take their time. */
export function rotationDatabase(pool: Pool): Database {
  return scopedDatabase(
    pool,
    {
      enter: () => sql`
        select openward.enter_as('all'), set_config('statement_timeout', '30min', true), set_config('lock_timeout', '1min', true)`,
      answer_limit_ms: 35 * 60_000,
    },
    { audit: (entry) => ({ role: 'system', correlation_id: 'key-rotation', ...entry }) },
  )
}

export type RotationKind = 'patients' | 'system' | 'index' | 'tokens' | 'audit'

/** What a rotation could not do; `unfinished` is empty when nothing was left behind. */
export type Outcome = { unfinished: string[] }

/**
 * How long after a key was made every running server knows it, and has ended the requests that began before it did:
 * half a minute for which roots are believed, and half a minute for the longest request.
 */
export const settleSeconds = rootsKnownForSeconds + 30

/** Another rotation is running on this database. */
export class RotationRunning extends Error {}

/** Any number that no other lock of OpenWard has. */
const rotationLock = 7_203_441_020

/** Keeps other rotations out while `work` runs; the lock falls with the process. @throws RotationRunning */
export async function alone<T>({ pool }: Rotation, work: () => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  try {
    await connection.query(`select pg_advisory_lock(${rotationLock})`).catch((error: unknown) => {
      if (isDatabaseError(error) && error.code === '55P03')
        throw new RotationRunning('another rotation is running: wait for its end')
      throw error
    })
    return await work()
  } finally {
    // Destroyed, and the lock with it.
    connection.release(true)
  }
}

export type Run<State> = { id: string; state: State; is_resumed: boolean }

/** The run that was interrupted, or a new one that begins with what `begin` makes. */
export async function resumeOrBegin<State>(
  { database, say }: Rotation,
  kind: RotationKind,
  begin: (tx: Tx) => Promise<State>,
): Promise<Run<State>> {
  return database.transaction(async (tx) => {
    const known = await tx.first(sql<{ id: string; state: State; started_at: string }>`
      select id, state, started_at from key_rotations where kind = ${kind} and finished_at is null`)
    if (known) {
      say(`Going on with the rotation that began at ${known.started_at}.`)
      return { id: known.id, state: known.state, is_resumed: true }
    }
    const state = await begin(tx)
    const row = await tx.first(
      sql<{
        id: string
      }>`insert into key_rotations (kind, state) values (${kind}, ${JSON.stringify(state)}) returning id`,
    )
    if (!row) throw new Error('a rotation was not written down')
    tx.audit({ action: 'keys.rotate', resource_type: 'key', resource_id: row.id, details: { kind, step: 'begun' } })
    return { id: row.id, state, is_resumed: false }
  })
}

export function saveState(tx: Tx, run: Run<unknown>, state: unknown): Promise<number> {
  return tx.run(sql`update key_rotations set state = ${JSON.stringify(state)} where id = ${run.id}`)
}

export async function finish(
  { database }: Rotation,
  kind: RotationKind,
  run: Run<unknown>,
  details: Record<string, number> = {},
) {
  await database.once((tx) => {
    tx.audit({
      action: 'keys.rotate',
      resource_type: 'key',
      resource_id: run.id,
      details: { kind, step: 'finished', ...details },
    })
    return tx.run(sql`update key_rotations set finished_at = now() where id = ${run.id}`)
  })
}

/** Waits until an instant of the database's clock and `settleSeconds` more. */
export async function settle({ database, wait, say }: Rotation, since: string): Promise<void> {
  const row = await database.once((tx) =>
    tx.first(
      sql<{
        seconds: number
      }>`select ceil(extract(epoch from ${since}::timestamptz + ${literal(settleSeconds)} * interval '1 second' - clock_timestamp()))::int as seconds`,
    ),
  )
  const seconds = row?.seconds ?? settleSeconds
  if (seconds <= 0) return
  say(`Waiting ${seconds} s, until every running server has read the new key.`)
  await wait(seconds)
}

export async function instantOf({ database }: Rotation): Promise<string> {
  const row = await database.once((tx) => tx.first(sql<{ now: string }>`select clock_timestamp() as now`))
  if (!row) throw new Error('the database did not tell the time')
  return row.now
}

/** A declared name of a table or a column as text of a statement; never what somebody sent. */
export function named(name: string): Sql {
  if (!/^[a-z_]+$/.test(name)) throw new RangeError('only declared names stand in the text of a statement')
  return { text: name, name: '', values: [], strings: [name] }
}
