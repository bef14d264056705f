// Transactions of one scope. `once` sends begin, scope, statements and commit in one round trip; `transaction` is for
// work whose later statements need earlier answers. Both write the audit entries and events with the change.
import { type AuditEntry, unrecordable } from '#platform/audit/record.ts'
import { conflict, outcomeUnknown, Problem, sessionEnded, unavailable } from '#platform/contract/problem.ts'
import { announceEvents } from '#platform/events/wake.ts'
import { runBatch } from './batch.ts'
import type { Gathered } from './gathered.ts'
import { borrow, type Connection, isConnectionFault, isDatabaseError, isLostAnswer, type Pool } from './connection.ts'
import { beforeRepeat, isRepeatable, mostRepeats } from './repeating.ts'
import { watchOf } from './silence.ts'
import { type Sql, sql } from './sql.ts'
import { askAmong, type Asked, type Crowd, isWrite, openQueue, settle, type Tx } from './statement-queue.ts'

export type { Crowd, Tx } from './statement-queue.ts'

/** How the database is told who asks: a statement that sets the scope or raises OW401 / OW409. */
export type Scope = {
  enter: () => Sql
  /** How `transaction` begins, where that is not a plain `begin`. */
  begin?: Sql
  /** Tells scopes apart, for reads that may share a round trip. */
  key?: string
  /** For statements that may take their time: how long an answer is waited for. */
  answer_limit_ms?: number
}

export type Database = {
  /** `fill` queues every statement before it returns; they travel, commit included, in one round trip. */
  once<T>(fill: (tx: Tx) => Promise<T>): Promise<T>
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * As `once`, but commits with those of other requests of the same moment, or alone when any of them is refused; then `fill`
   * is called a second time. For writes that come in crowds and wait for nobody.
   */
  together<T>(fill: (tx: Tx) => Promise<T>): Promise<T>
  /** One quick statement that changes nothing; it shares its round trip with those of other requests of the same moment. */
  read<Row>(statement: Sql<Row>): Promise<Row[]>
  /** As `read`, with what others ask alike in one statement. */
  readAmong<Input, Row>(crowd: Crowd<Input, Row>, input: Input): Promise<Row[]>
}

/** Thrown when the caller's picture of a person's rights is out of date; the HTTP layer reads them again and repeats. */
export class RightsChanged extends Error {}

/** The line broke under statements that change nothing. */
class ReadBroken extends Error {}

type Written = {
  audit: (entry: AuditEntry) => AuditEntry
  /** Called when something that was written has committed. */
  committed?: () => void
}
/** `emitted` is called when events have committed. */
type Told = Written & { emitted: () => void }

/** A database in one scope. `completed` adds to each audit entry who asks and why. */
export function scopedDatabase(pool: Pool, scope: Scope, given: Written, gathered?: Gathered): Database {
  const written: Told = { ...given, emitted: () => announceEvents(pool) }
  async function run<T>(work: (tx: Tx) => Promise<T>, inOneTrip: boolean): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await attemptOnce(pool, scope, written, work, inOneTrip)
      } catch (error) {
        // A connection that was lost while idle is noticed by its next user, who loses nothing by asking again.
        if (error instanceof ReadBroken) {
          if (attempt <= 2 && !watchOf(pool)?.isAway()) continue
          throw translated(error.cause)
        }
        if (!isRepeatable(error)) throw translated(error)
        if (attempt > mostRepeats) throw new Problem(conflict, {}, error)
        await beforeRepeat(attempt)
      }
    }
  }
  async function ask<Row>(asked: Asked): Promise<Row[]> {
    const alone = () => run((tx) => tx.rows(asked.statement as Sql<Row>), true)
    if (!gathered || scope.key === undefined) return alone()
    return (await gathered.read({ key: scope.key, enter: scope.enter() }, asked, alone)) as Row[]
  }
  return {
    once: (fill) => run(fill, true),
    transaction: (work) => run(work, false),
    read: (statement) => ask({ statement }),
    readAmong: (crowd, input) => ask(askAmong(crowd, input)),
    async together<T>(fill: (tx: Tx) => Promise<T>) {
      if (!gathered || scope.key === undefined) return run(fill, true)
      const queue = openQueue(written.audit)
      const pending = fill(queue.tx)
      const { asked, entries, events } = queue.shut()
      const outcome = await gathered.write({ key: scope.key, enter: scope.enter() }, { asked, entries, events })
      if ('answers' in outcome) {
        if (entries.length + events.length > 0 || asked.some(isWrite)) written.committed?.()
        if (events.length > 0) written.emitted()
        settle(asked, outcome)
        return pending
      }
      const cause =
        'lost' in outcome ? new Problem(outcomeUnknown, { retry_after_seconds: 1 }, outcome.lost) : outcome.refused
      for (const { reject } of asked) reject(cause)
      await pending.catch(() => undefined)
      if ('lost' in outcome) throw cause
      return run(fill, true)
    },
  }
}

async function attemptOnce<T>(
  pool: Pool,
  scope: Scope,
  written: Told,
  work: (tx: Tx) => Promise<T>,
  inOneTrip: boolean,
): Promise<T> {
  const connection = await borrow(pool)
  let broken: Error | undefined
  try {
    return await (inOneTrip ? runOnce(connection, scope, written, work) : runInTrips(connection, scope, written, work))
  } catch (error) {
    if (isConnectionFault(error)) broken = error as Error
    if ((error instanceof Problem || error instanceof ReadBroken) && isConnectionFault(error.cause)) broken = error
    throw error
  } finally {
    connection.release(broken)
  }
}

/** Scope, statements, entries and events up to one Sync: PostgreSQL runs them as one transaction and commits at its end. */
async function runOnce<T>(
  connection: Connection,
  scope: Scope,
  written: Told,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const queue = openQueue(written.audit)
  const pending = work(queue.tx)
  const { asked, recording, emits } = queue.close()
  const writes = recording.length > 0 || asked.some(isWrite)
  const { answers, error } = await runBatch(
    connection,
    [scope.enter(), ...asked.map(({ statement }) => statement), ...recording],
    scope.answer_limit_ms,
  )
  if (error && isLostAnswer(error)) {
    // Whether a change was committed was lost with the answer.
    const lost = writes
      ? new Problem(outcomeUnknown, { retry_after_seconds: 1 }, error)
      : new ReadBroken('a connection broke while it was read from', { cause: error })
    for (const { reject } of asked) reject(lost)
    await pending.catch(() => undefined)
    throw lost
  }
  if (error && answers.length > asked.length) {
    const cause = unrecordable(error) as Error
    for (const { reject } of asked) reject(cause)
    await pending.catch(() => undefined)
    throw cause
  }
  if (writes && !error) written.committed?.()
  if (emits && !error) written.emitted()
  settle(asked, { answers: answers.slice(1), ...(error ? { error } : {}) })
  const result = await pending
  if (error) throw error
  return result
}

/** `begin` to `commit`; the statements that are queued in one turn of the event loop travel together. */
async function runInTrips<T>(
  connection: Connection,
  scope: Scope,
  written: Told,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let opening = [scope.begin ?? sql`begin`, scope.enter()]
  let sent: Promise<void> = Promise.resolve()
  let writes = false
  const queue = openQueue(written.audit, () => {
    sent = sent.then(async () => {
      const asked = queue.take()
      writes ||= asked.some(isWrite)
      const before = opening
      opening = []
      const statements = [...before, ...asked.map(({ statement }) => statement)]
      const { answers, error } = await runBatch(connection, statements, scope.answer_limit_ms)
      settle(asked, { answers: answers.slice(before.length), ...(error ? { error } : {}) })
    })
  })
  try {
    const result = await work(queue.tx)
    await sent
    const { asked, recording, emits } = queue.close()
    const statements = [...opening, ...asked.map(({ statement }) => statement), ...recording]
    const { answers, error } = await runBatch(connection, [...statements, sql`commit`], scope.answer_limit_ms)
    if (error && isLostAnswer(error)) {
      throw new Problem(outcomeUnknown, { retry_after_seconds: 1 }, error)
    }
    if (error)
      throw answers.length < statements.length && answers.length >= statements.length - recording.length
        ? unrecordable(error)
        : error
    // PostgreSQL answers ROLLBACK to a commit of an aborted transaction, without an error: that must not pass for success.
    if (answers.at(-1)?.command === 'ROLLBACK') {
      throw new Error('the transaction was aborted by a statement whose error was not passed on')
    }
    if (writes || recording.length > 0 || asked.some(isWrite)) written.committed?.()
    if (emits) written.emitted()
    return result
  } catch (error) {
    queue.close()
    await sent
    const cause = error instanceof Problem ? error.cause : error
    if (opening.length === 0 && !isConnectionFault(cause)) await runBatch(connection, [sql`rollback`])
    throw error
  }
}

/** What a failed statement is to whoever asked for it. */
export function translated(error: unknown): unknown {
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
