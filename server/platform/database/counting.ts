// The database as figures and reports read it: all rows, nothing written, on the replica where there is one.
import { Problem } from '#platform/contract/problem.ts'
import type { Log } from '#platform/logging.ts'
import { isConnectionFault, type Pool } from './connection.ts'
import { type Sql, sql } from './sql.ts'
import { type Database, scopedDatabase, type Tx } from './transaction.ts'

export type Counting = Pick<Database, 'once'> & {
  /** For statements that ask by each other's answers: all of them see the database as it was when the first was sent. */
  atOneMoment<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

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
  const begin = sql`begin isolation level repeatable read`
  const primary = inTime(scopedDatabase(pool, { begin, enter, answer_limit_ms }, { audit: refuseEntry }))
  if (!replica) return primary
  const copy = inTime(scopedDatabase(replica, { begin, enter: enterAll, answer_limit_ms }, { audit: refuseEntry }))
  const ask = async <T>(work: (counting: Counting) => Promise<T>) => {
    try {
      return await work(copy)
    } catch (error) {
      if (!isAway(error)) throw error
      log.warn({ err: error }, 'the replica does not answer: figures are read from the primary database')
      return work(primary)
    }
  }
  return {
    once: (fill) => ask((counting) => counting.once(fill)),
    atOneMoment: (work) => ask((counting) => counting.atOneMoment(work)),
  }
}

function enterAll(): Sql {
  return sql`select openward.enter_as('all')`
}

function inTime(database: Database): Counting {
  const timed =
    <T>(fill: (tx: Tx) => Promise<T>) =>
    async (tx: Tx) => {
      const raised = tx.run(sql`
        select set_config('statement_timeout', ${String(limitMilliseconds)}, true), set_config('work_mem', ${workMemory}, true)`)
      const [result] = await Promise.all([fill(tx), raised])
      return result
    }
  return {
    once: (fill) => database.once(timed(fill)),
    atOneMoment: (work) => database.transaction(timed(work)),
  }
}

function isAway(error: unknown): boolean {
  return isConnectionFault(error) || (error instanceof Problem && isConnectionFault(error.cause))
}

function refuseEntry(): never {
  throw new Error('figures are counted, not changed: this takes no audit entries')
}
