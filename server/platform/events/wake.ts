// Wakes whoever follows the events as soon as some were committed, here or at another server. A wake is a hint: it holds nothing,
// may come in vain or not at all, and everyone who follows looks now and then in any case.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Pool, withinLimit } from '#platform/database/connection.ts'
import type { System } from '#platform/context.ts'
import type { Log } from '#platform/logging.ts'
import { openRedisWakes } from './wake-redis.ts'

export type Wakes = {
  /** Events were committed by this process. */
  announce(): void
  /** Calls `wake` soon after events were committed anywhere. Returns how to end that. */
  on(wake: () => void): () => Promise<void>
}

export const wakeChannel = 'openward_events'
/**
 * Not by a trigger: PostgreSQL commits transactions that notify one after the other. So it is told apart from them, and of many
 * commits in one moment once.
 */
const gapMilliseconds = 50
const reconnectMilliseconds = 1000
const livenessMilliseconds = 30_000
const answerMilliseconds = 5000

const known = new WeakMap<Pool, Wakes>()

/** For the database layer: something was committed through this pool that others follow. */
export function announceEvents(pool: Pool): void {
  known.get(pool)?.announce()
}

/** The wakes of this process. Connections are held only while somebody wants to be woken. */
export function wakesOf(system: Pick<System, 'pool' | 'reserve' | 'configuration' | 'log'>): Wakes {
  let wakes = known.get(system.pool)
  if (!wakes) {
    wakes = openWakes(system)
    known.set(system.pool, wakes)
    known.set(system.reserve, wakes)
  }
  return wakes
}

type Ear = { close(): Promise<void> }

function openWakes({ pool, configuration, log }: Pick<System, 'pool' | 'configuration' | 'log'>): Wakes {
  const sender = randomUUID()
  const listeners = new Set<() => void>()
  const wake = () => {
    for (const listener of listeners) listener()
  }
  const heard = (from: string) => (from === sender ? undefined : wake())
  let ears: Ear[] = []
  let redis: ReturnType<typeof openRedisWakes> | undefined
  let timer: NodeJS.Timeout | undefined
  let told_at = Number.NEGATIVE_INFINITY

  function tell() {
    timer = undefined
    told_at = performance.now()
    redis?.publish(sender)
    // What is not told is found by whoever looks a moment later.
    pool
      .query(withinLimit('select pg_notify($1, $2)', answerMilliseconds, [wakeChannel, sender]))
      .catch((error: unknown) => log.debug({ err: error }, 'other servers were not told of events'))
  }

  return {
    announce() {
      wake()
      if (timer || listeners.size === 0) return
      const due_ms = told_at + gapMilliseconds - performance.now()
      if (due_ms <= 0) tell()
      else timer = setTimeout(tell, due_ms)
    },
    on(listener) {
      if (listeners.size === 0) {
        redis = configuration.redis_url ? openRedisWakes(configuration.redis_url, heard, log) : undefined
        ears = [listenTo(pool, heard, log), ...(redis ? [redis] : [])]
      }
      // One that is named twice is two.
      const own = () => listener()
      listeners.add(own)
      return async () => {
        if (!listeners.delete(own) || listeners.size > 0) return
        clearTimeout(timer)
        timer = undefined
        redis = undefined
        await Promise.all(ears.splice(0).map((ear) => ear.close()))
      }
    },
  }
}

/** A connection apart from those of the pool, opened again whenever it is lost. */
function listenTo(pool: Pool, heard: (from: string) => void, log: Log): Ear {
  type Options = pg.ClientConfig & { Client?: new (options: pg.ClientConfig) => pg.Client }
  const { Client = pg.Client, ...options } = (pool as unknown as { options: Options }).options
  let client: pg.Client | undefined
  let again: NodeJS.Timeout | undefined
  let liveness: NodeJS.Timeout | undefined
  let isClosed = false

  async function connect() {
    const made = new Client({ ...options, application_name: 'openward-listen' })
    client = made
    made.on('error', () => lose(made))
    made.on('end', () => lose(made))
    made.on('notification', ({ payload = '' }) => heard(payload))
    try {
      await made.connect()
      await made.query(`listen ${wakeChannel}`)
    } catch (error) {
      log.debug({ err: error }, 'other servers cannot be heard of: events are looked for now and then')
      return lose(made)
    }
    if (client !== made) return
    // What came while nobody listened.
    heard('')
    liveness = setInterval(() => {
      made.query(withinLimit('select 1', answerMilliseconds)).catch(() => lose(made))
    }, livenessMilliseconds)
  }

  function lose(lost: pg.Client) {
    if (client !== lost) return
    client = undefined
    clearInterval(liveness)
    cut(lost)
    if (!isClosed) again = setTimeout(() => void connect(), reconnectMilliseconds)
  }

  void connect()
  return {
    async close() {
      isClosed = true
      clearTimeout(again)
      clearInterval(liveness)
      const open = client
      client = undefined
      await open?.end().catch(() => undefined)
    },
  }
}

/** Ends it without asking the other side. */
function cut(client: pg.Client): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
}
