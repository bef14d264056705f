// Connections to PostgreSQL: types as text that loses nothing, statements pipelined, faults told apart.
import pg from 'pg'

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
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

export type PoolOptions = { url: string; size: number; name: string; on_error: (error: Error) => void }

/** Opens a pool. Waiting for a connection is bounded, so that a database that is away is told within two seconds. */
export function openPool({ url, size, name, on_error }: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    types,
    pipeline: true,
    application_name: name,
    connectionTimeoutMillis: 2000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // One statement of a request; long work (imports, sealing, reports) raises its own.
    options:
      '-c timezone=UTC -c datestyle=ISO -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000',
  } as pg.PoolConfig)
  pool.on('error', on_error)
  pool.on('connect', (client) => client.on('error', on_error))
  return pool
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
  return /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed/.test(
    error.message,
  )
}
