// Several prepared statements in one round trip, which PostgreSQL runs as one transaction: everything up to the Sync
// message commits together or not at all (PostgreSQL documentation, "Pipelining"). One write to the socket; a statement is
// parsed once a connection and described once a process.
import type { Submittable } from 'pg'
import { certain } from '#platform/certain.ts'
import { type Connection, parserOf } from './connection.ts'
import { parameterOf } from './parameter.ts'
import { giveUp, watchOf } from './silence.ts'
import type { Sql } from './sql.ts'

/** What one statement answered. `command` is PostgreSQL's tag, such as `INSERT` or `ROLLBACK`. */
export type Answer = { rows: unknown[]; count: number; command: string }

/** The driver's own connection, as far as it is used here: it writes messages and tells of those that arrive. */
type Wire = {
  _send(message: Buffer): unknown
  parse(message: { text: string; name: string }): void
  bind(message: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void
  describe(message: { type: 'P' }): void
  execute(message: null): void
  sync(): void
  on(event: 'parseComplete', listener: () => void): unknown
}
type Field = { name: string; dataTypeID: number }
type Columns = { names: string[]; parsers: ((text: string) => unknown)[]; empty: Record<string, unknown> }

/** The columns of a statement, by its name; `undefined` for one that gives no rows. */
const known = new Map<string, Columns | undefined>()
const prepared = new WeakMap<Wire, { names: Set<string>; parsing: string[] }>()

/** The answers of the statements that were run; where there is an error, the statement behind them raised it. */
export type Outcome = { answers: Answer[]; error?: Error }

/** Longer than any statement of a request may take (`statement_timeout`, 10 s), which PostgreSQL itself ends. */
const answerLimitMilliseconds = 15_000

/**
 * Runs the statements in order and tells the outcome once all have committed, or one has failed and nothing is kept.
 * Where the answer is lost (a cut line) the connection is given up as soon as that shows, and after `limit_ms` in any case: PostgreSQL's
 * own limits do not reach here then.
 */
export function runBatch(
  connection: Connection,
  statements: readonly Sql[],
  limit_ms = answerLimitMilliseconds,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const silence = setTimeout(() => giveUp(connection), limit_ms)
    const arrived = watchOf(connection)?.over(connection, limit_ms > answerLimitMilliseconds)
    const batch = createBatch(statements, (outcome) => {
      clearTimeout(silence)
      arrived?.()
      resolve(outcome)
    })
    void connection.query(batch)
  })
}

function createBatch(statements: readonly Sql[], resolve: (outcome: Outcome) => void) {
  const answers: Answer[] = []
  let rows: unknown[] = []
  let columns: Columns | undefined
  let isDescribed = false
  const begin = () => {
    const name = statements[answers.length]?.name ?? ''
    rows = []
    isDescribed = known.has(name)
    columns = known.get(name)
  }
  return {
    submit(wire: Wire) {
      const { names, parsing } = preparedOn(wire)
      const messages: Buffer[] = []
      const together = Object.create(wire, { _send: { value: (message: Buffer) => messages.push(message) } }) as Wire
      try {
        for (const { text, name, values } of statements) {
          if (name === '' || (!names.has(name) && !parsing.includes(name))) {
            parsing.push(name)
            together.parse({ text, name })
          }
          together.bind({ statement: name, values, valueMapper: parameterOf })
          if (!known.has(name)) together.describe({ type: 'P' })
          together.execute(null)
        }
      } catch (error) {
        // A value that has no text. Nothing was sent, and the driver tells `handleError`: a throw would leave it waiting for an answer.
        return error as Error
      }
      together.sync()
      // One buffer: a write of many costs several times as much.
      wire._send(Buffer.concat(messages))
      begin()
      return undefined
    },
    handleRowDescription({ fields }: { fields: Field[] }) {
      columns = columnsOf(fields)
    },
    handleDataRow({ fields }: { fields: (string | null)[] }) {
      rows.push(rowOf(certain(columns, 'description of a row that arrived'), fields))
    },
    handleCommandComplete({ text }: { text: string }) {
      const name = statements[answers.length]?.name ?? ''
      if (!isDescribed && name !== '') known.set(name, columns)
      const [command = '', ...counts] = text.split(' ')
      answers.push({ rows, count: Number(counts.at(-1) ?? 0), command })
      begin()
    },
    handleReadyForQuery: () => resolve({ answers }),
    handleError(error: Error, wire?: Wire) {
      // What was sent behind the statement that failed was skipped: it is parsed again when it is next needed.
      if (wire) preparedOn(wire).parsing.length = 0
      resolve({ answers, error })
    },
    handlePortalSuspended: () => undefined,
    handleEmptyQuery: () => undefined,
  } as unknown as Submittable
}

function preparedOn(wire: Wire) {
  let state = prepared.get(wire)
  if (!state) {
    const { names, parsing } = (state = { names: new Set<string>(), parsing: [] as string[] })
    // PostgreSQL answers Parse messages in the order in which they were sent.
    wire.on('parseComplete', () => void names.add(parsing.shift() ?? ''))
    prepared.set(wire, state)
  }
  return state
}

function columnsOf(fields: Field[]): Columns {
  const names = fields.map(({ name }) => name)
  return {
    names,
    parsers: fields.map(({ dataTypeID }) => parserOf(dataTypeID)),
    empty: Object.fromEntries(names.map((name) => [name, null])),
  }
}

function rowOf({ names, parsers, empty }: Columns, fields: (string | null)[]): Record<string, unknown> {
  const row = { ...empty }
  for (let index = 0; index < names.length; index += 1) {
    const text = fields[index]
    if (text !== null && text !== undefined) row[names[index] ?? ''] = parsers[index]?.(text)
  }
  return row
}
