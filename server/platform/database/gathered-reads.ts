// Reads of requests that arrive together share one round trip: each scope is entered once, its statements follow, and one
// Sync ends them all. Row-level security is that of the scope which was entered last, as ever. A read changes nothing, so
// when any part of a batch is refused each read is asked again by itself, and only the one at fault is refused.
import { runBatch } from './batch.ts'
import { type Pool, withConnection } from './connection.ts'
import type { Sql } from './sql.ts'

export type GatheredReads = {
  /** `alone` asks the statement by itself. `key` tells scopes apart: equal keys enter alike. */
  read(scope: { key: string; enter: () => Sql }, statement: Sql, alone: () => Promise<unknown[]>): Promise<unknown[]>
}

type Waiting = {
  key: string
  enter: () => Sql
  statement: Sql
  alone: () => Promise<unknown[]>
  resolve: (rows: unknown[]) => void
  reject: (error: unknown) => void
}

const mostInABatch = 64
/** A quick read that takes longer has a silent connection, and is asked again on another. */
const answerLimitMilliseconds = 5000
/** On two cores a third batch only makes the other two wait. */
const mostInFlight = 2

export function gatherReads(pool: Pool): GatheredReads {
  let waiting: Waiting[] = []
  let inFlight = 0

  async function flush() {
    if (waiting.length === 0 || inFlight >= mostInFlight) return
    const batch = waiting.splice(0, mostInABatch)
    inFlight += 1
    if (waiting.length > 0) schedule()
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
      const groups = Map.groupBy(batch, ({ key }) => key)
      const statements = [...groups.values()].flatMap((group) => [
        group[0]?.enter(),
        ...group.map(({ statement }) => statement),
      ])
      const outcome = await withConnection(pool, (connection) =>
        runBatch(
          connection,
          statements.filter((one) => one !== undefined),
          answerLimitMilliseconds,
        ),
      ).catch((error: Error) => ({ answers: [], error }))
      if (!outcome.error) {
        let at = 0
        for (const group of groups.values()) {
          at += 1
          for (const { resolve } of group) resolve(outcome.answers[at++]?.rows ?? [])
        }
        return
      }
    }
    for (const { alone, resolve, reject } of batch) void alone().then(resolve, reject)
  }

  return {
    read: ({ key, enter }, statement, alone) =>
      new Promise((resolve, reject) => {
        waiting.push({ key, enter, statement, alone, resolve, reject })
        if (waiting.length === 1) schedule()
      }),
  }
}
