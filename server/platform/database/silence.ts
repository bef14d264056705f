// Noticing within two seconds that nobody answers: a pulled cable closes no connection, and TCP itself would wait for a quarter of an
// hour. Whoever has waited for a moment is asked about, on a connection apart: where the database says that it is still at work on the
// statement, that may take its time; where it says that it is not, the answer is lost; where it says nothing, it is away, unless
// somebody else is answered meanwhile: then it is only slow.
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'

export type Watch = {
  /** Looks after the connections of this pool. */
  attach(pool: pg.Pool): void
  /** Waits for a connection of the pool, but not while the database is away. @throws Error which is a connection fault */
  lend(pool: pg.Pool): Promise<pg.PoolClient>
  /**
   * An answer is waited for from now until the returned function is called. A `patient` one outlasts a break of the line:
   * it is given up only when the database is there and knows nothing of it.
   */
  over(connection: pg.PoolClient, patient: boolean): () => void
  /** Whether the database was silent when it was last asked. */
  isAway(): boolean
  close(): Promise<void>
}

/** How long an answer, or a connection, may take before anybody wonders. */
const suspicionMilliseconds = 400
/** How long the database is given to say anything at all. With the suspicion this keeps the promise of two seconds. */
const answerMilliseconds = 1200
/** Only who is answered in the last part of that counts for a database that is slow: what came before says nothing of now. */
const slowMilliseconds = 600
/** The connection that is kept for asking may itself be the broken one: another is opened beside it. */
const headStartMilliseconds = 200
const pauseMilliseconds = 400
/** An answer may be on its way while the database says that it is done. */
const strikesLimit = 2
const keptMilliseconds = 60_000

type Suspect = { stream: Socket; pid: number; heard: number; strikes: number; patient: boolean }
type Hopeful = (error: Error) => void
/**
 * Whether each session of the database is at work; `answers`: it is there, and does not say; `refused`: it takes no connection;
 * `unknown`: this process was too busy to hear.
 */
type Findings = Map<number, boolean> | 'answers' | 'silence' | 'refused' | 'unknown'

const watches = new WeakMap<pg.Pool | pg.PoolClient, Watch>()

/** The watch over a pool or a connection, where there is one. */
export function watchOf(watched: pg.Pool | pg.PoolClient): Watch | undefined {
  return watches.get(watched)
}

/** Ends it without asking the other side, so that whatever waits on it fails as with any broken connection. */
export function giveUp(connection: pg.ClientBase): void {
  streamOf(connection).destroy()
}

function streamOf(connection: pg.ClientBase): Socket {
  return (connection as unknown as { connection: { stream: Socket } }).connection.stream
}

/** 0 where a pooler has told none. */
const pidOf = (connection: pg.ClientBase) => Number((connection as unknown as { processID: number | null }).processID)

// The state of a session is shown to its own role. One that waits for its client, which waits for it, has lost what was sent.
const question = `
  select pid, pid = pg_backend_pid() as is_own,
         coalesce(state, '') not like 'idle%' and coalesce(wait_event, '') not in ('ClientRead', 'ClientWrite') as is_busy
    from pg_stat_activity where pid = any($1::int[] || pg_backend_pid())`

/** `make` makes a client that is not connected yet. `on_change` is told when the database falls silent, and when it answers again. */
export function openWatch(make: () => pg.Client, on_change: (isAway: boolean) => void): Watch {
  const watched = new Set<pg.PoolClient>()
  const idle = new Set<pg.PoolClient>()
  const suspects = new Set<Suspect>()
  const hopefuls = new Set<Hopeful>()
  const closing = new AbortController()
  let asking: pg.Client | undefined
  let resting: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let away = false

  function look() {
    looking ??= lookOn().finally(() => (looking = undefined))
  }

  async function lookOn() {
    const { signal } = closing
    while (!signal.aborted && (away || suspects.size > 0 || hopefuls.size > 0)) {
      const before = new Map([...suspects].map((suspect) => [suspect, suspect.stream.bytesRead]))
      let hasAnswered = answersFrom()
      const late = setTimeout(() => (hasAnswered = answersFrom()), answerMilliseconds - slowMilliseconds)
      const answer = await ask([...suspects].map(({ pid }) => pid))
      clearTimeout(late)
      if (signal.aborted) return
      const findings = answer === 'silence' && hasAnswered() ? 'answers' : answer
      // Whoever was heard of meanwhile is answering.
      const silent = [...before].filter(
        ([suspect, heard]) => suspects.has(suspect) && suspect.stream.bytesRead === heard,
      )
      if (findings === 'silence' || findings === 'refused') {
        for (const [suspect] of silent) if (!suspect.patient) suspect.stream.destroy()
        discardIdle()
      } else if (typeof findings === 'object') {
        judge(silent, findings)
      }
      if (findings !== 'unknown') turn(findings === 'silence')
      await wait(pauseMilliseconds, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Whether anybody has been answered since. */
  function answersFrom(): () => boolean {
    const heard = new Map([...watched].map((connection) => [connection, streamOf(connection).bytesRead]))
    return () => [...watched].some((connection) => streamOf(connection).bytesRead !== heard.get(connection))
  }

  function turn(isAway: boolean) {
    if (isAway) for (const refuse of hopefuls) refuse(silenceError())
    if (isAway === away) return
    away = isAway
    on_change(away)
  }

  function judge(silent: [Suspect, number][], findings: Map<number, boolean>) {
    for (const [suspect, heard] of silent) {
      const isLost = findings.get(suspect.pid) !== true
      if (!isLost || suspect.heard !== heard) suspect.strikes = 0
      suspect.heard = heard
      if (!isLost || (suspect.strikes += 1) < strikesLimit) continue
      suspect.stream.destroy()
      // What lost one connection without a word, such as a firewall that forgets, has as a rule lost those that rest as well.
      discardIdle()
    }
  }

  function discardIdle() {
    for (const connection of idle) giveUp(connection)
  }

  async function ask(pids: number[]): Promise<Findings> {
    const asked_at = performance.now()
    const answered = Promise.withResolvers<Findings>()
    let isOpen = true
    const attempt = async (client: pg.Client, isConnected: boolean) => {
      try {
        if (!isConnected) await client.connect()
        const { rows } = await client.query<{ pid: number; is_own: boolean; is_busy: boolean }>(question, [pids])
        if (isOpen) keep(client)
        else client.end().catch(() => undefined)
        // A pooler between gives numbers of its own to sessions: then only that the database answers can be told.
        const isDirect = rows.some(({ pid, is_own }) => is_own && pid === pidOf(client))
        answered.resolve(isDirect ? new Map(rows.map(({ pid, is_busy }) => [pid, is_busy])) : 'answers')
      } catch (error) {
        forget(client)
        if (isConnected) void open()
        else answered.resolve(error instanceof Error && 'severity' in error ? 'answers' : 'refused')
      }
    }
    const started: pg.Client[] = []
    let isOpening = false
    const open = async () => {
      if (isOpening || !isOpen) return
      isOpening = true
      const client = make()
      client.on('error', () => forget(client))
      started.push(client)
      await attempt(client, false)
    }
    const head_start = setTimeout(() => void open(), asking ? headStartMilliseconds : 0)
    // A busy event loop comes to its timers before it reads what has arrived.
    const limit = setTimeout(
      () =>
        setImmediate(() =>
          answered.resolve(performance.now() - asked_at < answerMilliseconds + 300 ? 'silence' : 'unknown'),
        ),
      answerMilliseconds,
    )
    const stop = () => answered.resolve('unknown')
    closing.signal.addEventListener('abort', stop, { once: true })
    if (asking) void attempt(asking, true)
    const findings = await answered.promise
    isOpen = false
    clearTimeout(head_start)
    clearTimeout(limit)
    closing.signal.removeEventListener('abort', stop)
    for (const client of started) if (client !== asking) giveUp(client)
    if (findings === 'silence' && asking) forget(asking)
    return findings
  }

  function keep(client: pg.Client) {
    if (asking !== client) {
      if (asking) forget(asking)
      asking = client
    }
    clearTimeout(resting)
    resting = setTimeout(() => forget(client), keptMilliseconds).unref()
  }

  function forget(client: pg.Client) {
    if (asking === client) asking = undefined
    giveUp(client)
  }

  const watch: Watch = {
    attach(pool) {
      watches.set(pool, watch)
      pool.on('connect', (connection) => {
        watches.set(connection, watch)
        watched.add(connection)
      })
      pool.on('acquire', (connection) => void idle.delete(connection))
      pool.on('release', (error, connection) => void (error ? undefined : idle.add(connection)))
      pool.on('remove', (connection) => {
        idle.delete(connection)
        watched.delete(connection)
      })
    },
    lend(pool) {
      if (away) return Promise.reject(silenceError())
      return new Promise((resolve, reject) => {
        let isSettled = false
        const settle = () => {
          isSettled = true
          clearTimeout(suspicion)
          hopefuls.delete(refuse)
        }
        const refuse = (error: Error) => {
          settle()
          reject(error)
        }
        const suspicion = setTimeout(() => {
          hopefuls.add(refuse)
          look()
        }, suspicionMilliseconds)
        pool.connect().then((connection) => {
          if (isSettled) return connection.release()
          settle()
          resolve(connection)
        }, refuse)
      })
    },
    over(connection, patient) {
      let suspect: Suspect | undefined
      const suspicion = setTimeout(() => {
        const stream = streamOf(connection)
        suspects.add((suspect = { stream, pid: pidOf(connection), heard: -1, strikes: 0, patient }))
        look()
      }, suspicionMilliseconds)
      return () => {
        clearTimeout(suspicion)
        if (suspect) suspects.delete(suspect)
      }
    },
    isAway: () => away,
    async close() {
      closing.abort()
      await looking
      clearTimeout(resting)
      if (asking) forget(asking)
    },
  }
  return watch
}

/** Told apart from the driver's errors by nobody: it is a connection that timed out. */
function silenceError(): Error {
  return Object.assign(new Error('the database does not answer'), { code: 'ETIMEDOUT' })
}
