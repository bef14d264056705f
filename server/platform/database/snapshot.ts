// One moment of the database, read for as long as it takes: everything as it was then, however much is changed meanwhile. Held by one at
// a time for each lock.
import { borrow, type Connection, type Pool } from './connection.ts'
import { runBatch } from './batch.ts'
import { type Sql, sql } from './sql.ts'

export type Snapshot = {
  rows<Row>(statement: Sql<Row>): Promise<Row[]>
  /** @throws Error where the line broke, and somebody else may hold the lock by now */
  assertHeld(): Promise<void>
  close(): Promise<void>
}

const statementMilliseconds = 300_000
const answerMilliseconds = statementMilliseconds + 5000
/** Between two statements what was read is written elsewhere. */
const idleMilliseconds = 900_000

/**
 * Reads everyone's rows and writes none. Undefined where somebody else holds the lock. A moment that is held for hours keeps
 * PostgreSQL from clearing away what was changed since.
 */
export async function openSnapshot(pool: Pool, lock: number): Promise<Snapshot | undefined> {
  const connection = await borrow(pool)
  try {
    // The lock is the session's, and taken before the moment: whoever had it has committed by then.
    const [row] = await ask<{ is_ours: boolean }>(connection, [sql`select pg_try_advisory_lock(${lock}) as is_ours`])
    if (!row?.is_ours) {
      connection.release()
      return undefined
    }
    await ask(connection, [
      sql`begin isolation level repeatable read read only`,
      sql`select openward.enter_as('all'), set_config('statement_timeout', ${String(statementMilliseconds)}, true),
                 set_config('idle_in_transaction_session_timeout', ${String(idleMilliseconds)}, true)`,
    ])
  } catch (error) {
    connection.release(error as Error)
    throw error
  }
  return {
    rows: (statement) => ask(connection, [statement]),
    assertHeld: async () => void (await ask(connection, [sql`select 1`])),
    async close() {
      try {
        await ask(connection, [sql`rollback`, sql`select pg_advisory_unlock(${lock})`])
        connection.release()
      } catch (error) {
        // With its session ends the lock as well.
        connection.release(error as Error)
      }
    },
  }
}

async function ask<Row>(connection: Connection, statements: readonly Sql[]): Promise<Row[]> {
  const { answers, error } = await runBatch(connection, statements, answerMilliseconds)
  if (error) throw error
  return (answers.at(-1)?.rows ?? []) as Row[]
}
