// The embedded PostgreSQL: a cluster of OpenWard's own, for a server without DATABASE_URL. Started, watched, restarted
// when it dies, shared by the processes of one data directory, stopped by the last of them.
import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { prepareAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { claim, exclusively, isAlive, releaseClaim } from './claims.ts'
import { type Cluster, createCluster } from './cluster.ts'
import { EmbeddedDatabaseUnavailable } from './failures.ts'
import { findOrStart, type Postmaster, stopPostmaster, superuserUrl } from './postmaster.ts'

export { EmbeddedDatabaseUnavailable }

export type EmbeddedPostgresOptions = {
  /** Made if absent; started by root, it and its parent, if closed to all others, are opened for PostgreSQL's group to pass through (0710). */
  directory: string
  /** Default: a free one, kept in the directory for the next start. */
  port?: number
  /** Set when the cluster is made; the same one ever after. */
  superuser_password: string
  log: (line: string) => void
  /** For test runs only: skips fsync, so that a power cut may destroy the cluster. */
  durability?: 'kept' | 'unsafe_lost_at_crash'
  /** How long a start may take; a restore replays a log of days. */
  recovery_patience_ms?: number
  /** What is waited before each attempt to restart it, the last one ever after: a full disk may be mended an hour later. */
  restart_pauses_ms?: readonly number[]
}

const usual_recovery_patience_ms = 110_000

export type EmbeddedPostgres = {
  host: string
  port: number
  superuser: 'postgres'
  superuser_url: string
  /** PostgreSQL's own data directory, for backups. */
  data_directory: string
  /** Fast shutdown, waited for; leaves it running if another process of this data directory still uses it. */
  stop(): Promise<void>
}

/** PostgreSQL's MAXPGPATH is 1,024, and its own files lie below. */
const longest_path_bytes = 900
/** For the two folders between OPENWARD_DATA_DIR and the cluster. */
const room_below_bytes = 30
const watch_interval_ms = 500
const usual_restart_pauses_ms = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000]

/** Starts the embedded PostgreSQL, or joins it if it runs. Throws EmbeddedDatabaseUnavailable where it cannot run at all. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const started_at = performance.now()
  const binaries = findBinaries()
  mkdirSync(options.directory, { recursive: true, mode: 0o700 })
  // PostgreSQL names its folder by the resolved path, and adoption compares the two.
  const directory = realpathSync(options.directory)
  const data_directory = join(directory, 'cluster')
  if (Buffer.byteLength(data_directory) > longest_path_bytes) {
    throw new EmbeddedDatabaseUnavailable(
      `PostgreSQL takes no data directory with so long a path: let OPENWARD_DATA_DIR be one of at most ${longest_path_bytes - room_below_bytes} bytes`,
    )
  }
  const cluster: Cluster = {
    directory,
    data_directory,
    binaries,
    account: prepareAccount(directory, data_directory, binaries.folder),
    superuser_password: options.superuser_password,
    fixed_port: options.port,
    durability: options.durability ?? 'kept',
    recovery_patience_ms: options.recovery_patience_ms ?? usual_recovery_patience_ms,
    log: options.log,
  }
  const { was_running, pid, port } = await exclusively(directory, async () => {
    await createCluster(cluster)
    const found = await findOrStart(cluster)
    claim(directory)
    return found
  })
  const duration_ms = Math.round(performance.now() - started_at)
  options.log(
    `embedded PostgreSQL ${was_running ? 'was running and is joined' : 'is ready'} on 127.0.0.1:${port} after ${duration_ms} ms`,
  )
  const stopWatching = watch(cluster, { pid, port }, options.restart_pauses_ms ?? usual_restart_pauses_ms)
  return {
    host: '127.0.0.1',
    port,
    superuser: 'postgres',
    superuser_url: superuserUrl(cluster, port),
    data_directory,
    async stop() {
      await stopWatching()
      await exclusively(directory, async () => {
        const others = releaseClaim(directory)
        if (others.length === 0) await stopPostmaster(cluster)
        else options.log(`embedded PostgreSQL goes on: processes ${others.join(', ')} still use it`)
      })
    },
  }
}

/** Restarts PostgreSQL, on the same port, whenever its main process is gone. Returns the way to end that. */
function watch(cluster: Cluster, first: Postmaster, pauses_ms: readonly number[]) {
  // Whoever connected knows this port: a restart on another one would help nobody.
  const same_port = { ...cluster, fixed_port: first.port }
  const ended = new AbortController()
  let { pid } = first
  let restarting: Promise<void> | undefined
  const timer = setInterval(() => {
    if (restarting !== undefined || isAlive(pid)) return
    restarting = restart(same_port, pauses_ms, ended.signal).then((restarted) => {
      if (restarted === undefined) return
      pid = restarted.pid
      restarting = undefined
    })
  }, watch_interval_ms)
  timer.unref()
  return async () => {
    clearInterval(timer)
    ended.abort()
    await restarting
  }
}

/** Undefined where it was ended before it succeeded. */
async function restart(
  cluster: Cluster,
  pauses_ms: readonly number[],
  ended: AbortSignal,
): Promise<Postmaster | undefined> {
  cluster.log('embedded PostgreSQL is gone: restarting it')
  for (let attempt = 0; ; attempt += 1) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauses_ms[attempt] ?? pauses_ms.at(-1))
      ended.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
    if (ended.aborted) return undefined
    try {
      const running = await exclusively(cluster.directory, () => findOrStart(cluster))
      cluster.log(`embedded PostgreSQL is ready again on 127.0.0.1:${running.port}`)
      return running
    } catch (error) {
      cluster.log(`embedded PostgreSQL could not be restarted, and is tried again: ${(error as Error).message}`)
    }
  }
}
