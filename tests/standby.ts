// Two PostgreSQL of one hospital: a primary that acknowledges what its standby has on the disk, or waits for nobody, and the standby that
// streams from it.
// The embedded binaries have no pg_basebackup: the copy is made between pg_backup_start and pg_backup_stop, which is what it does.
import { randomBytes } from 'node:crypto'
import { appendFileSync, cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { give, prepareAccount } from '#platform/database/embedded/account.ts'
import { findBinaries } from '#platform/database/embedded/binaries.ts'
import { type Cluster, createCluster } from '#platform/database/embedded/cluster.ts'
import { findOrStart, type Postmaster, stopPostmaster, superuserUrl } from '#platform/database/embedded/postmaster.ts'
import { childrenOf, freePort, isAlive, signalIfAlive, temporaryDirectory, until } from './processes.ts'

export type Member = {
  url: string
  /** Rows as the superuser sees them, on a connection of their own. */
  rows: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  /** All of its processes, as when its machine loses power. */
  kill: () => Promise<void>
  /** As it was, on the same port. */
  start: () => Promise<void>
}
export type Pair = { primary: Member; standby: Member; directory: string; stop: () => Promise<void> }

const name = 'openward_standby'

export async function startPair(kind: 'sync' | 'async' = 'sync'): Promise<Pair> {
  const directory = temporaryDirectory()
  const superuser_password = randomBytes(16).toString('hex')
  const first = await clusterIn(join(directory.path, 'first'), superuser_password)
  await createCluster(first)
  const primary = await member(first)
  await primary.start()
  const second = await clusterIn(join(directory.path, 'second'), superuser_password)
  await copyCluster(primary.url, first, second)
  const standby = await member(second)
  await standby.start()
  if (kind === 'sync') await primary.rows(`alter system set synchronous_standby_names = '${name}'`)
  await primary.rows('select pg_reload_conf()')
  await until(`the standby is ${kind}`, async () => {
    const [row] = await primary.rows<{ sync_state: string }>('select sync_state from pg_stat_replication')
    return row?.sync_state === kind
  })
  return {
    primary,
    standby,
    directory: directory.path,
    async stop() {
      // The standby last: a primary that ends waits for it to have everything.
      for (const cluster of [first, second]) await stopPostmaster(cluster)
      await directory.remove()
    },
  }
}

async function clusterIn(path: string, superuser_password: string): Promise<Cluster> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const directory = realpathSync(path)
  const binaries = findBinaries()
  const data_directory = join(directory, 'cluster')
  return {
    directory,
    data_directory,
    binaries,
    account: prepareAccount(directory, data_directory, binaries.folder),
    superuser_password,
    fixed_port: await freePort(),
    durability: 'kept',
    recovery_patience_ms: 60_000,
    log: () => undefined,
  }
}

async function member(cluster: Cluster): Promise<Member> {
  const url = superuserUrl(cluster, cluster.fixed_port ?? 0)
  let running: Postmaster | undefined
  return {
    url,
    async rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => undefined)
      await client.connect()
      try {
        return (await client.query<Row>(text, values)).rows
      } finally {
        // It may have been killed meanwhile.
        await client.end().catch(() => undefined)
      }
    },
    async kill() {
      if (!running) throw new Error('it does not run')
      const pids = [running.pid, ...childrenOf(running.pid)]
      for (const pid of pids) signalIfAlive(pid, 'SIGKILL')
      await until('all of it is gone', () => !pids.some(isAlive))
    },
    async start() {
      running = await findOrStart(cluster)
    },
  }
}

/** What `pg_basebackup --write-recovery-conf --create-slot` leaves. */
async function copyCluster(primary_url: string, from: Cluster, to: Cluster) {
  const client = new pg.Client({ connectionString: primary_url })
  await client.connect()
  try {
    await client.query('select pg_create_physical_replication_slot($1, true)', [name])
    await client.query('select pg_backup_start($1, true)', [name])
    const left_out = /\/(postmaster\.(pid|opts)|pg_wal\/.+|pg_replslot\/.+|pg_stat_tmp\/.+)$/
    cpSync(from.data_directory, to.data_directory, { recursive: true, filter: (path) => !left_out.test(path) })
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(true)')
    writeFileSync(join(to.data_directory, 'backup_label'), rows[0]?.labelfile ?? '')
  } finally {
    await client.end()
  }
  writeFileSync(join(to.data_directory, 'standby.signal'), '')
  const { port } = new URL(primary_url)
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${from.superuser_password} application_name=${name}`
  const settings = [`primary_conninfo = '${conninfo}'`, `primary_slot_name = '${name}'`]
  appendFileSync(join(to.data_directory, 'postgresql.auto.conf'), `${settings.join('\n')}\n`)
  if (to.account) give(to.data_directory, to.account.uid, to.account.gid)
}
