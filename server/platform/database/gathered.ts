// What requests of the same moment ask of the database travels together: each scope is entered once, its statements follow,
// and one Sync ends them all. Row-level security is that of the scope which was entered last, as ever. A batch is kept whole
// or not at all, so when any part of it is refused each piece is asked again by itself, and only the one at fault is refused.
// What many ask alike is one statement, which PostgreSQL begins and ends once for all of them.
import { type AuditEntry, insertAuditEntries } from '#platform/audit/record.ts'
import { certain } from '#platform/certain.ts'
import { type DomainEvent, insertEvents } from '#platform/events/outbox.ts'
import { type Answer, runBatch } from './batch.ts'
import { isLostAnswer, type Pool, withConnection } from './connection.ts'
import { mostInFlight, shareOf } from './lanes.ts'
import { type Sql, sql } from './sql.ts'
import { type Asked, type Sent, shareStatements } from './statement-queue.ts'

/** `key` tells scopes apart: equal keys enter alike. */
type GatheredScope = { key: string; enter: Sql }

export type Gathered = {
  /** `alone` asks the statement by itself. */
  read(scope: GatheredScope, asked: Asked, alone: () => Promise<unknown[]>): Promise<unknown[]>
  write(scope: GatheredScope, piece: WritePiece): Promise<WriteOutcome>
}

export type WritePiece = { asked: readonly Asked[]; entries: readonly AuditEntry[]; events: readonly DomainEvent[] }

/** The answers once they have committed; `refused`: nothing was kept, ask again alone; `lost`: nobody knows. */
export type WriteOutcome = { answers: Answer[] } | { refused: Error } | { lost: Error }

type Waiting = {
  key: string
  enter: Sql
  asked: Asked
  alone: () => Promise<unknown[]>
  resolve: (rows: unknown[]) => void
  reject: (error: unknown) => void
}

const mostInABatch = 64
/** A quick read that takes longer has a silent connection, and is asked again on another. */
const answerLimitMilliseconds = 5000

export function gather(pool: Pool): Gathered {
  return { read: gatherReads(pool), write: gatherWrites(pool) }
}

function gatherReads(pool: Pool): Gathered['read'] {
  let waiting: Waiting[] = []
  let inFlight = 0

  async function flush() {
    if (waiting.length === 0 || inFlight >= mostInFlight) return
    const batch = waiting.splice(0, shareOf(waiting.length, inFlight, mostInABatch))
    inFlight += 1
    schedule()
    try {
      await answer(batch)
    } finally {
      inFlight -= 1
      schedule()
    }
  }
  const schedule = () => {
    if (waiting.length > 0) setImmediate(() => void flush())
  }

  async function answer(batch: Waiting[]) {
    if (batch.length > 1) {
      const sent = [...Map.groupBy(batch, ({ key }) => key).values()].flatMap((group) => [
        ...group.slice(0, 1).map(({ enter }) => ({ statement: enter, tell: () => undefined })),
        ...shareStatements(group.map(({ asked, resolve }) => ({ asked, tell: ({ rows }) => resolve(rows) }))),
      ])
      const statements = sent.map(({ statement }) => statement)
      const outcome = await withConnection(pool, (connection) =>
        runBatch(connection, statements, answerLimitMilliseconds),
      ).catch((error: Error) => ({ answers: [], error }))
      if (!outcome.error) return tellAll(sent, outcome.answers)
    }
    for (const { alone, resolve, reject } of batch) void alone().then(resolve, reject)
  }

  return ({ key, enter }, asked, alone) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, enter, asked, alone, resolve, reject })
      if (waiting.length === 1) schedule()
    })
}

function tellAll(sent: readonly Sent[], answers: readonly Answer[]) {
  for (const [at, { tell }] of sent.entries()) tell(certain(answers[at], 'answer to a statement'))
}

/** How long a batch may wait for somebody else's lock before its pieces are asked one by one. */
const lockPatience = sql`select set_config('lock_timeout', '200ms', true)`

function gatherWrites(pool: Pool): Gathered['write'] {
  type Queued = GatheredScope & { piece: WritePiece; resolve: (outcome: WriteOutcome) => void }
  let waiting: Queued[] = []
  // One at a time: two batches that hold what the other waits for would deadlock.
  let isInFlight = false

  async function flush() {
    if (waiting.length === 0 || isInFlight) return
    const batch = waiting.splice(0, mostInABatch)
    isInFlight = true
    try {
      await keep(batch)
    } catch (error) {
      for (const { resolve } of batch) resolve({ refused: error as Error })
    } finally {
      isInFlight = false
      if (waiting.length > 0) setImmediate(() => void flush())
    }
  }

  async function keep(batch: Queued[]) {
    const answersOf = new Map(batch.map(({ piece }) => [piece, [] as Answer[]]))
    const sent = [...Map.groupBy(batch, ({ key }) => key).values()].flatMap((group) => [
      ...group.slice(0, 1).map(({ enter }) => ({ statement: enter, tell: () => undefined })),
      ...shareStatements(
        group.flatMap(({ piece }) =>
          piece.asked.map((asked, at) => ({
            // A piece of several statements keeps their order: they are asked one by one.
            asked: piece.asked.length === 1 ? asked : { statement: asked.statement },
            tell: (answer: Answer) => {
              certain(answersOf.get(piece), 'piece of this batch')[at] = answer
            },
          })),
        ),
      ),
    ])
    const entries = batch.flatMap(({ piece }) => piece.entries)
    const events = batch.flatMap(({ piece }) => piece.events)
    const statements = [
      lockPatience,
      ...sent.map(({ statement }) => statement),
      entries.length > 0 ? insertAuditEntries(entries) : undefined,
      events.length > 0 ? insertEvents(events) : undefined,
    ].filter((statement) => statement !== undefined)
    const { answers, error } = await withConnection(pool, (connection) => runBatch(connection, statements))
    if (error) {
      const outcome = isLostAnswer(error) ? { lost: error } : { refused: error }
      for (const { resolve } of batch) resolve(outcome)
      return
    }
    tellAll(sent, answers.slice(1))
    for (const { piece, resolve } of batch) resolve({ answers: answersOf.get(piece) ?? [] })
  }

  return (scope, piece) =>
    new Promise((resolve) => {
      waiting.push({ ...scope, piece, resolve })
      if (waiting.length === 1) setImmediate(() => void flush())
    })
}
