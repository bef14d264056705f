// Transactions of one scope. `once` sends begin, scope, statements and commit in one round trip; `transaction` is for
// work whose later statements need earlier answers. Both write the audit entries and events with the change.
import { setTimeout as wait } from 'node:timers/promises'
import { type AuditEntry, insertAuditEntries, unrecordable } from '#platform/audit/record.ts'
import { conflict, outcomeUnknown, Problem, sessionEnded, unavailable } from '#platform/contract/problem.ts'
import { type DomainEvent, insertEvents } from '#platform/events/outbox.ts'
import { type Connection, isConnectionFault, isDatabaseError, type Pool } from './connection.ts'
import { type Sql, sql } from './sql.ts'

/** How the database is told who asks: a statement that sets the scope or raises OW401 / OW409. */
export type Scope = { enter: () => Sql }

export type Tx = {
  rows<Row>(statement: Sql<Row>): Promise<Row[]>
  first<Row>(statement: Sql<Row>): Promise<Row | undefined>
  /** The number of rows that the statement touched. */
  run(statement: Sql): Promise<number>
  /** Records an entry that commits with the change or not at all. */
  audit(entry: AuditEntry): void
  emit(event: DomainEvent): void
}

export type Database = {
  /** `fill` queues every statement before it returns; they travel, commit included, in one round trip. */
  once<T>(fill: (tx: Tx) => Promise<T>): Promise<T>
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** Thrown when the caller's picture of a person's rights is out of date; the HTTP layer reads them again and repeats. */
export class RightsChanged extends Error {}

type Written = { audit: (entry: AuditEntry) => AuditEntry }

/** A database in one scope. `completed` adds to each audit entry who asks and why. */
export function scopedDatabase(pool: Pool, scope: Scope, { audit: completed }: Written): Database {
  async function run<T>(work: (tx: Tx) => Promise<T>, inOneTrip: boolean): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await attemptOnce(pool, scope, completed, work, inOneTrip)
      } catch (error) {
        if (!isRetryable(error)) throw translated(error)
        if (attempt > 3) throw new Problem(conflict, {}, error)
        await wait(attempt * 5 + Math.random() * 20)
      }
    }
  }
  return { once: (fill) => run(fill, true), transaction: (work) => run(work, false) }
}

async function attemptOnce<T>(
  pool: Pool,
  scope: Scope,
  completed: (entry: AuditEntry) => AuditEntry,
  work: (tx: Tx) => Promise<T>,
  inOneTrip: boolean,
): Promise<T> {
  const connection = await pool.connect()
  let broken: Error | undefined
  try {
    const { tx, flush, close } = openTx(connection, completed)
    const begun = [send(connection, sql`begin`), send(connection, scope.enter())]
    let committing = false
    try {
      const pending = work(tx)
      let result: T
      if (inOneTrip) {
        const side = flush()
        close()
        committing = true
        const all = [...begun, ...side, commit(connection)]
        result = await settleAll(all, pending)
      } else {
        result = await settleAll(begun, pending)
        const side = flush()
        close()
        committing = true
        await settleAll([...side, commit(connection)], Promise.resolve())
      }
      return result
    } catch (error) {
      close()
      if (isConnectionFault(error) && !(isDatabaseError(error) && error.code.startsWith('53'))) {
        broken = error as Error
        if (committing && !inOneTrip) throw new Problem(outcomeUnknown, { retry_after_seconds: 1 }, error)
      } else {
        await send(connection, sql`rollback`).catch((fault: Error) => {
          broken = fault
        })
      }
      throw error
    }
  } finally {
    connection.release(broken)
  }
}

/** Waits for every statement, so that none is left behind on the connection; the first failure is the one that is told. */
async function settleAll<T>(statements: Promise<unknown>[], result: Promise<T>): Promise<T> {
  const outcomes = await Promise.allSettled([result, ...statements])
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
  // What follows a failed statement is told "transaction is aborted" (25P02): that is never the cause.
  const cause = failed.find(({ reason }) => !(isDatabaseError(reason) && reason.code === '25P02')) ?? failed[0]
  if (cause) throw cause.reason
  return result
}

function openTx(connection: Connection, completed: (entry: AuditEntry) => AuditEntry) {
  const entries: AuditEntry[] = []
  const events: DomainEvent[] = []
  let open = true
  const query = async (statement: Sql) => {
    if (!open)
      throw new Error('this transaction has ended: every statement of `once` is queued before its function returns')
    return send(connection, statement)
  }
  const tx: Tx = {
    rows: async <Row>(statement: Sql<Row>) => (await query(statement)).rows as Row[],
    first: async <Row>(statement: Sql<Row>) => (await query(statement)).rows[0] as Row | undefined,
    run: async (statement) => (await query(statement)).rowCount ?? 0,
    audit: (entry) => void entries.push(completed(entry)),
    emit: (event) => void events.push(event),
  }
  const record = (statement: Sql) =>
    send(connection, statement).catch((error: unknown) => {
      throw unrecordable(error)
    })
  const flush = () => {
    const side: Promise<unknown>[] = []
    if (entries.length > 0) side.push(record(insertAuditEntries(entries)))
    if (events.length > 0) side.push(record(insertEvents(events)))
    return side
  }
  return { tx, flush, close: () => void (open = false) }
}

function send(connection: Connection, { text, name, values }: Sql) {
  return connection.query({ text, name, values: values as unknown[] })
}

/** PostgreSQL answers ROLLBACK to a commit of an aborted transaction, without an error: that must not pass for success. */
async function commit(connection: Connection) {
  const { command } = await send(connection, sql`commit`)
  if (command === 'ROLLBACK')
    throw new Error('the transaction was aborted by a statement whose error was not passed on')
}

/**
 * The same transaction for work that is nested in it, each piece in a savepoint, so that a refused piece does not undo the
 * whole. `enter` and `restore` change the scope for the piece.
 */
export function joinedDatabase(tx: Tx, scope?: { enter: Sql; restore: Sql }): Database {
  async function nested<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await tx.run(sql`savepoint piece`)
    try {
      if (scope) await tx.run(scope.enter)
      const result = await work(tx)
      if (scope) await tx.run(scope.restore)
      await tx.run(sql`release savepoint piece`)
      return result
    } catch (error) {
      await tx.run(sql`rollback to savepoint piece`)
      throw translated(error)
    }
  }
  return { once: nested, transaction: nested }
}

function isRetryable(error: unknown): boolean {
  return isDatabaseError(error) && (error.code === '40001' || error.code === '40P01')
}

function translated(error: unknown): unknown {
  if (error instanceof Problem) return error
  if (isDatabaseError(error)) {
    if (error.code === 'OW401') return new Problem(sessionEnded, {}, error)
    if (error.code === 'OW409') return new RightsChanged('rights changed', { cause: error })
    if (error.code === '55P03' || error.code === '57014')
      return new Problem(unavailable, { retry_after_seconds: 1 }, error)
  }
  if (isConnectionFault(error)) return new Problem(unavailable, { retry_after_seconds: 1 }, error)
  return error
}
