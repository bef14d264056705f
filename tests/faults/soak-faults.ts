// A server with the lines that it hangs on, and what can befall them: each fault passes, and whatever was killed is started again.
import { setTimeout as delay } from 'node:timers/promises'
import { migrate, readMigrations } from '#platform/database/migrate.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { pick, type Random } from '../../server/demo/random.ts'
import { databasePassword } from '../../server/system.ts'
import type { Cluster } from '../cluster.ts'
import { childrenOf, type ServerProcess, signalIfAlive, until, untilReady } from '../processes.ts'
import { killPostgres, untilReplaced } from './nemesis.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { setStorm } from './storm.ts'

export type Line = {
  server: ServerProcess
  /** Starts it again at its port. */
  restart: () => Promise<void>
  database: Proxy
  redis: Proxy | undefined
  close: () => Promise<void>
}

export async function startLine(cluster: Cluster, redis_url: string | undefined): Promise<Line> {
  const database = await startProxy(cluster.url)
  const redis = redis_url === undefined ? undefined : await startProxy(redis_url)
  const environment = {
    OPENWARD_DRAIN_SECONDS: '2',
    ...(redis && redis_url !== undefined ? { REDIS_URL: redis.urlOf(redis_url) } : {}),
  }
  const start = (port?: number) =>
    cluster.serve({ database_url: database.urlOf(cluster.url), environment, ...(port === undefined ? {} : { port }) })
  const line: Line = {
    server: await start(),
    restart: async () => void (line.server = await start(line.server.port)),
    database,
    redis,
    async close() {
      await database.close()
      await redis?.close()
    },
  }
  return line
}

type Strike = (at: { cluster: Cluster; line: Line; random: Random }) => Promise<void>

const seconds = (random: Random, most: number) => delay(500 + random() * most * 1000)

/** Row numbers are those of the fault matrix. */
const faults: Readonly<Record<string, Strike>> = {
  // 1 to 3
  'server killed': async ({ line }) => {
    line.server.kill('SIGKILL')
    await line.server.ended
    await line.restart()
  },
  // 32, 33
  'server told to end': async ({ line }) => {
    line.server.kill('SIGTERM')
    await line.server.ended
    await line.restart()
  },
  // 32
  'server replaced while a migration is under way': async ({ cluster, line }) => {
    line.server.kill('SIGTERM')
    await Promise.all([addColumns(cluster), line.server.ended.then(() => line.restart())])
  },
  // 10
  'PostgreSQL killed': async ({ cluster, random }) => {
    const killed = killPostgres(cluster.directory, random() < 0.5 ? 'postmaster' : 'all_of_postgres')
    await untilReplaced(cluster.directory, killed)
  },
  // 13
  'server stopped for a while': async ({ line, random }) => {
    line.server.kill('SIGSTOP')
    await seconds(random, 5)
    line.server.kill('SIGCONT')
  },
  // 13b
  'session of PostgreSQL stopped for a while': async ({ cluster, random }) => {
    const postmaster = cluster.postmaster()
    const sessions = postmaster === undefined ? [] : childrenOf(postmaster)
    if (sessions.length === 0) return
    const session = pick(random, sessions)
    signalIfAlive(session, 'SIGSTOP')
    await seconds(random, 3)
    signalIfAlive(session, 'SIGCONT')
  },
  // 14, 15
  'line to PostgreSQL dead for a while': async ({ line, random }) => {
    line.database.drop()
    await seconds(random, 4)
    line.database.heal()
  },
  // 16
  'connections to PostgreSQL reset': async ({ line }) => line.database.reset(),
  'connections to PostgreSQL forgotten': async ({ line }) => line.database.forget(),
  'PostgreSQL slow for a while': async ({ line, random }) => {
    line.database.delayBy(20 + random() * 150)
    await seconds(random, 3)
    line.database.delayBy(0)
  },
  // 18
  'storm of serialization failures': async ({ cluster, random }) => {
    await setStorm(cluster, 0.05 + random() * 0.25)
    await seconds(random, 4)
    await setStorm(cluster, 0)
  },
  // 20
  'Redis away for a while': async ({ line: { redis }, random }) => {
    if (random() < 0.5) redis?.refuse()
    else redis?.drop()
    await seconds(random, 4)
    redis?.heal()
  },
}

/** As the next version's server does it when it starts. */
async function addColumns(cluster: Cluster): Promise<void> {
  const name = `9${String(Date.now())}_soak`
  const text = ['patients', 'appointments'].map((table) => `alter table ${table} add column "${name}" text;`).join('')
  await migrate({
    owner_url: cluster.url,
    app_password: databasePassword(parseMasterKeys(cluster.environment.OPENWARD_MASTER_KEY)),
    migrations: [...readMigrations(), { name, text, checksum: name }],
  })
}

/** Strikes one server or what it hangs on, and returns when it has passed and that server is ready. */
export async function strikeLine(cluster: Cluster, line: Line, random: Random): Promise<string> {
  const names = Object.keys(faults).filter((name) => line.redis !== undefined || !name.startsWith('Redis'))
  const name = pick(random, names)
  await faults[name]?.({ cluster, line, random })
  await until('PostgreSQL runs', () => cluster.postmaster() !== undefined)
  await untilReady(line.server)
  return name
}
