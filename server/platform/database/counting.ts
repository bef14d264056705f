// The database as figures and reports read it: all rows, nothing written, on the replica where there is one.
import { Problem } from '#platform/contract/problem.ts'
import type { Log } from '#platform/logging.ts'
import { isConnectionFault, type Pool } from './connection.ts'
import { type Sql, sql } from './sql.ts'
import { type Database, scopedDatabase } from './transaction.ts'

export type Counting = Pick<Database, 'once'>

/** What a statement of figures may take; PostgreSQL ends it then. */
const limitMilliseconds = 60_000
/** Statements of figures sort and hash many rows; few of them run at once. */
const workMemory = '64MB'
const answer_limit_ms = limitMilliseconds + 5000

/**
 * A replica that cannot be asked is passed over: the primary answers as if there were none. Whether a session still stands is for
 * the primary to say in any case: the replica may not know yet that it has ended.
 */
export function countingDatabase(
  { pool, replica, log }: { pool: Pool; replica: Pool | undefined; log: Log },
  enter: () => Sql = enterAll,
): Counting {
  const primary = inTime(scopedDatabase(pool, { enter, answer_limit_ms }, { audit: refuseEntry }))
  if (!replica) return primary
  const copy = inTime(scopedDatabase(replica, { enter: enterAll, answer_limit_ms }, { audit: refuseEntry }))
  return {
    once: async (fill) => {
      try {
        return await copy.once(fill)
      } catch (error) {
        if (!isAway(error)) throw error
        log.warn({ err: error }, 'the replica does not answer: figures are read from the primary database')
        return primary.once(fill)
      }
    },
  }
}

function enterAll(): Sql {
  return sql`select openward.enter_as('all')`
}

function inTime(database: Database): Counting {
  return {
    once: (fill) =>
      database.once(async (tx) => {
        const raised = tx.run(sql`
          select set_config('statement_timeout', ${String(limitMilliseconds)}, true), set_config('work_mem', ${workMemory}, true)`)
        const [result] = await Promise.all([fill(tx), raised])
        return result
      }),
  }
}

function isAway(error: unknown): boolean {
  return isConnectionFault(error) || (error instanceof Problem && isConnectionFault(error.cause))
}

function refuseEntry(): never {
  throw new Error('figures are counted, not changed: this takes no audit entries')
}
