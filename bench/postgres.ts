// PostgreSQL for a run: the embedded one that OpenWard ships, with the settings it ships with, for every side alike.
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '#platform/database/embedded/embedded.ts'

export type Postgres = {
  port: number
  password: string
  urlOf: (database: string) => string
  createDatabase: (name: string, options?: string) => Promise<void>
  stop: () => Promise<void>
}

/** Runs `work` with a connection to this database. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A new cluster in a folder of its own under `directory`. */
export async function startPostgres(directory: string, name: string, port: number): Promise<Postgres> {
  const password = randomBytes(16).toString('hex')
  const cluster = await startEmbeddedPostgres({
    directory: join(directory, name),
    port,
    superuser_password: password,
    log: (line) => appendFileSync(join(directory, `${name}.log`), `${line}\n`),
  })
  const urlOf = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
  return {
    port,
    password,
    urlOf,
    stop: () => cluster.stop(),
    createDatabase: (database, options = '') =>
      withClient(urlOf('postgres'), async (client) => {
        await client.query(`create database ${client.escapeIdentifier(database)} ${options}`)
      }),
  }
}

/** The release, such as 18.4. */
export function readVersion(postgres: Postgres): Promise<string> {
  return withClient(postgres.urlOf('postgres'), async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]?.server_version ?? 'unknown'
  })
}
