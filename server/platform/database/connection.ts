// Connections to PostgreSQL: types as text that loses nothing, statements pipelined, faults told apart.
import pg from 'pg'
import { overloaded, Problem } from '#platform/contract/problem.ts'
import { openWatch, type Watch, watchOf } from './silence.ts'

export type Pool = pg.Pool
export type Connection = pg.PoolClient

const { builtins } = pg.types
const instantPattern = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\+00$/

/** PostgreSQL's text of an instant in a UTC session, as canonical RFC 3339. */
export function canonicalInstant(text: string): string {
  const match = instantPattern.exec(text)
  if (!match) throw new RangeError('an instant of the database is not in the form expected of a UTC session')
  return `${match[1]}T${match[2]}${match[3] ?? ''}Z`
}

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.TIMESTAMPTZ, canonicalInstant],
  [builtins.DATE, (text) => text],
  [builtins.TIME, (text) => text.slice(0, 5)],
  [builtins.INT8, Number],
  [builtins.NUMERIC, (text) => text],
  [builtins.INTERVAL, (text) => text],
  [3910, (text) => text],
])
/** How the text of a type becomes a value. */
export function parserOf(oid: number): (text: string) => unknown {
  return parsers.get(oid) ?? (pg.types.getTypeParser(oid, 'text') as (text: string) => unknown)
}

const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

export type ConnectionOptions = {
  url: string
  /** Asked for each new connection, in place of the password in the address. */
  password?: (() => Promise<string>) | undefined
}
export type PoolOptions = ConnectionOptions & {
  size: number
  name: string
  on_error: (error: Error) => void
  watch?: Watch | undefined
  /** 0: as long as it takes. */
  wait_ms?: number | undefined
}

/** How long a connection is waited for while all are at work. That the database is away is told sooner, by the watch. */
const waitMilliseconds = 5000
/** Whoever comes when so many wait for a connection would only wait in vain. */
const mostWaiting = 500

/** Opens a pool. */
export function openPool({
  url,
  size,
  name,
  on_error,
  password,
  watch,
  wait_ms = waitMilliseconds,
}: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    types,
    application_name: name,
    connectionTimeoutMillis: wait_ms,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // A firewall forgets connections that rest.
    keepAliveInitialDelayMillis: 10_000,
    ...(password ? { Client: clientAsking(password) } : {}),
    // One statement of a request; long work (imports, sealing, reports) raises its own.
    options:
      '-c timezone=UTC -c datestyle=ISO -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000 -c enable_seqscan=off',
  } as unknown as pg.PoolConfig)
  pool.on('error', on_error)
  pool.on('connect', (client) => client.on('error', on_error))
  watch?.attach(pool)
  return pool
}

/** Watches over connections to this address, with one of its own where it has a reason to ask. */
export function watchConnections({ url, password }: ConnectionOptions, on_change: (isAway: boolean) => void): Watch {
  const make = () => {
    const options = { connectionString: url, application_name: 'openward-watch', keepAlive: true }
    const client = new pg.Client(options)
    return password ? Object.assign(client, { password }) : client
  }
  return openWatch(make, on_change)
}

/**
 * A connection of the pool, to be released. Not waited for while the database is silent.
 * @throws Problem overloaded; Error which is a connection fault
 */
export async function borrow(pool: Pool): Promise<Connection> {
  if (pool.waitingCount >= mostWaiting) throw new Problem(overloaded, { retry_after_seconds: 2 })
  return watchOf(pool)?.lend(pool) ?? pool.connect()
}

/** For the pool, which makes its clients with `new`: an address without a password would win over a password beside it. */
function clientAsking(password: () => Promise<string>) {
  return function (options: pg.ClientConfig) {
    return Object.assign(new pg.Client(options), { password })
  }
}

/**
 * A query of the driver's own that is given up after `limit_ms` without an answer; the pool then ends its connection.
 * (The driver knows `query_timeout` for each query; its types only for all.)
 */
export function withinLimit(text: string, limit_ms: number, values: unknown[] = [], name?: string) {
  return { text, values, ...(name ? { name } : {}), query_timeout: limit_ms } as pg.QueryConfig
}

export type DatabaseError = Error & { code: string; constraint?: string }

export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
}

/** Whether the database could not be asked at all, or went away while it was. */
export function isConnectionFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isDatabaseError(error)) return /^(08|57P0|53)/.test(error.code) || error.code === '25P03'
  if ('code' in error && /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOST|ENOENT)/.test(String(error.code))) return true
  return /Connection terminated|Query read timeout|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed/.test(
    error.message,
  )
}

/** Lends a connection for one piece of work; one on which something broke does not go back to the others. */
export async function withConnection<T extends { error?: Error }>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await borrow(pool)
  // Until the work is done nobody knows what state it leaves.
  let broken: Error | boolean | undefined = true
  try {
    const result = await work(connection)
    broken = result.error && isConnectionFault(result.error) ? result.error : undefined
    return result
  } finally {
    connection.release(broken)
  }
}

/** The line broke, or PostgreSQL ended the session (57P0x), which it can do between a commit and the answer to it. */
export function isLostAnswer(error: Error): boolean {
  return isConnectionFault(error) && (!isDatabaseError(error) || error.code.startsWith('57P0'))
}
