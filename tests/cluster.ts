// A PostgreSQL of one test file's own, with nothing of its durability given up, and servers that share it.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '#platform/database/embedded/embedded.ts'
import { embeddedPostmaster, type ServerProcess, startServer, stopServer, temporaryDirectory } from './processes.ts'

export type Cluster = Awaited<ReturnType<typeof startCluster>>

export async function startCluster() {
  const directory = temporaryDirectory()
  const embedded = await startEmbeddedPostgres({
    directory: join(directory.path, 'postgres'),
    superuser_password: randomBytes(16).toString('hex'),
    log: () => undefined,
  })
  const url = embedded.superuser_url
  const owner = new pg.Pool({ connectionString: url, max: 4 })
  owner.on('error', () => undefined)
  // Servers of one hospital have one address to the outside, which is also the issuer of their tokens.
  const environment = {
    DATABASE_URL: url,
    OPENWARD_MASTER_KEY: randomBytes(32).toString('base64'),
    OPENWARD_PUBLIC_URL: 'http://hospital.example',
  }
  const servers: ServerProcess[] = []
  let started = 0
  return {
    url,
    directory: directory.path,
    /** Rows as the superuser sees them. */
    async rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await owner.query<Row>(text, values)).rows
    },
    owner,
    postmaster: () => embeddedPostmaster(directory.path),
    /** Starts one more server of this database, or one that reaches it by another address. */
    async serve({
      database_url = url,
      environment: own = {},
      node_options = [],
      port,
      program,
    }: {
      database_url?: string
      /** Default: a free one. */
      port?: number
      environment?: Record<string, string>
      node_options?: readonly string[]
      program?: string
    } = {}): Promise<ServerProcess> {
      started += 1
      const data_directory = join(directory.path, `server-${started}`)
      mkdirSync(data_directory)
      const server = await startServer({
        data_directory,
        node_options,
        ...(port === undefined ? {} : { port }),
        ...(program === undefined ? {} : { program }),
        environment: { ...environment, DATABASE_URL: database_url, ...own },
      })
      servers.push(server)
      return server
    },
    environment,
    async stop() {
      await Promise.all(servers.map(stopServer))
      await owner.end()
      await embedded.stop()
      await directory.remove()
    },
  }
}
