// pgbench (of Debian's postgresql) running a prepared statement: what the database alone can do.
import { z } from 'zod'
import { AbsentError } from '../absent.ts'
import type { LoadResult } from '../load/load.ts'
import type { Postgres } from '../postgres.ts'
import { isInstalled, runToEnd } from '../processes.ts'

type PgbenchOptions = { postgres: Postgres; database: string; script: string; clients: number; seconds: number }

/** @throws AbsentError when pgbench is not installed */
export async function requirePgbench(): Promise<void> {
  if (!(await isInstalled('pgbench', ['--version']))) throw new AbsentError('pgbench is not installed')
}

/** Percentiles need a log of every transaction, which would cost this side: it tells its mean only, as p50. */
export async function runPgbench({
  postgres,
  database,
  script,
  clients,
  seconds,
}: PgbenchOptions): Promise<LoadResult> {
  const output = await runToEnd(
    'pgbench',
    ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds), '-f', script],
    {
      PGHOST: '127.0.0.1',
      PGPORT: String(postgres.port),
      PGUSER: 'postgres',
      PGPASSWORD: postgres.password,
      PGDATABASE: database,
    },
  )
  const read = (pattern: RegExp) => z.coerce.number().parse(pattern.exec(output)?.[1])
  return {
    requests: read(/transactions actually processed: (\d+)/),
    requests_per_second: read(/tps = ([\d.]+)/),
    p50_ms: read(/latency average = ([\d.]+)/),
    p95_ms: Number.NaN,
    errors: read(/failed transactions: (\d+)/),
  }
}
