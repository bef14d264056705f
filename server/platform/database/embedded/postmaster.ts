// PostgreSQL's main process: found through its lock file, started, asked whether it answers, stopped.
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { commandAs } from './account.ts'
import { isAlive } from './claims.ts'
import { choosePort, type Cluster, run, spawnPlace } from './cluster.ts'
import { fixedSettings } from './settings.ts'

export type Postmaster = { pid: number; port: number }

/** A killed PostgreSQL's children hold its lock for a moment longer. */
const lock_patience_ms = 30_000
const exit_patience_ms = 5_000
const server_log_limit_bytes = 5_000_000

/** The running PostgreSQL of this cluster, whoever started it; else a new one. Throws when neither is possible in time. */
export async function findOrStart(cluster: Cluster): Promise<Postmaster & { was_running: boolean }> {
  const give_up_at = performance.now() + lock_patience_ms
  let port = await choosePort(cluster)
  for (;;) {
    const running = readLockFile(cluster)
    if (running !== undefined && isAlive(running.pid) && (await answers(cluster, running.port))) {
      if (cluster.fixed_port === undefined || cluster.fixed_port === running.port)
        return { ...running, was_running: true }
      cluster.log(`embedded PostgreSQL runs on port ${running.port}, not ${cluster.fixed_port}: restarting it`)
      await stopPostmaster(cluster)
    }
    const started = await start(cluster, port)
    if (started.outcome === 'ready') return { pid: started.pid, port, was_running: false }
    if (started.outcome === 'port_taken' && cluster.fixed_port === undefined) port = await choosePort(cluster, port)
    else if (started.outcome !== 'locked') {
      throw new Error(`The embedded PostgreSQL did not start on port ${port}: ${started.messages}`)
    }
    if (performance.now() > give_up_at) {
      throw new Error(
        `The embedded PostgreSQL did not start within ${lock_patience_ms / 1000} s, since another one seems to use ` +
          `${cluster.data_directory}: ${started.messages}`,
      )
    }
    await wait(200)
  }
}

/** Ends all sessions, writes what is to be written, and returns when the process is gone. Throws when it does not go. */
export async function stopPostmaster(cluster: Cluster) {
  const running = readLockFile(cluster)
  if (running === undefined || !isAlive(running.pid)) return
  const { status, output } = await run(cluster, cluster.binaries.pg_ctl, [
    'stop',
    `--pgdata=${cluster.data_directory}`,
    '--mode=fast',
    '--wait',
    '--timeout=60',
    '--silent',
  ])
  if (status !== 0 && isAlive(running.pid)) throw new Error(`The embedded PostgreSQL did not stop: ${output}`)
  // pg_ctl is content when the lock file is gone, which is shortly before the process is.
  for (let waited_ms = 0; isAlive(running.pid) && waited_ms < exit_patience_ms; waited_ms += 10) await wait(10)
}

/** The superuser's connection string. */
export function superuserUrl(cluster: Cluster, port: number) {
  return `postgres://postgres:${encodeURIComponent(cluster.superuser_password)}@127.0.0.1:${port}/postgres`
}

type Started = { outcome: 'ready'; pid: number } | { outcome: 'port_taken' | 'locked' | 'failed'; messages: string }

async function start(cluster: Cluster, port: number): Promise<Started> {
  const server_log = openServerLog(cluster)
  const settings = fixedSettings(port, cluster.durability).flatMap((setting) => ['-c', setting])
  const postgres_args = ['-D', cluster.data_directory, ...settings]
  // On Windows pg_ctl sheds the administrator's rights, with which PostgreSQL refuses to run.
  const command =
    process.platform === 'win32'
      ? {
          file: cluster.binaries.pg_ctl,
          args: ['start', '--no-wait', '-D', cluster.data_directory, '-o', settings.join(' ')],
          identity: {},
        }
      : commandAs(cluster.account, cluster.binaries.postgres, postgres_args)
  // A file, not a pipe: PostgreSQL must outlive this process if that is killed.
  const child = spawn(command.file, command.args, {
    ...command.identity,
    ...spawnPlace,
    detached: true,
    stdio: ['ignore', server_log.file, server_log.file],
  })
  closeSync(server_log.file)
  child.unref()
  let failure: string | undefined
  child.on('error', (error) => (failure = error.message))
  child.on('exit', (status) => {
    if (process.platform !== 'win32' || status !== 0) failure ??= ''
  })
  const give_up_at = performance.now() + cluster.recovery_patience_ms
  for (;;) {
    const running = readLockFile(cluster)
    const is_ours = process.platform === 'win32' || running?.pid === child.pid
    if (running?.is_ready && is_ours && isAlive(running.pid)) return { outcome: 'ready', pid: running.pid }
    if (failure !== undefined || performance.now() > give_up_at) {
      const messages = `${failure ?? 'it is still starting. '}${server_log.newLines()}`
      return { outcome: outcomeOf(messages), messages }
    }
    await wait(10)
  }
}

/** PostgreSQL's own messages: appended, and begun anew (one older file is kept) when they have become many. */
function openServerLog(cluster: Cluster) {
  const path = join(cluster.directory, 'server.log')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > server_log_limit_bytes) renameSync(path, `${path}.1`)
  const file = openSync(path, 'a', 0o600)
  const { size } = fstatSync(file)
  return { file, newLines: () => readFileSync(path).subarray(size).toString().trim() }
}

function outcomeOf(messages: string) {
  if (/lock file ".*" (already exists|is empty)|shared memory block .* still in use/.test(messages)) return 'locked'
  if (/could not (bind|create any TCP)/.test(messages)) return 'port_taken'
  return 'failed'
}

/** Whether our cluster, and not another program, answers there with our password. */
async function answers(cluster: Cluster, port: number) {
  const client = new pg.Client({ connectionString: superuserUrl(cluster, port), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ place: string }>("select current_setting('data_directory') as place")
    return rows[0]?.place === cluster.data_directory
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '28P01') {
      throw new Error(`The embedded PostgreSQL in ${cluster.directory} was made with another superuser password.`, {
        cause: error,
      })
    }
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** postmaster.pid, as PostgreSQL's pidfile.h numbers its lines: 1 pid, 4 port, 8 status. */
function readLockFile(cluster: Cluster) {
  const lines = readIfThere(join(cluster.data_directory, 'postmaster.pid')).split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port, is_ready: lines[7]?.trim() === 'ready' }
}

/** Empty where it is not: PostgreSQL takes its lock file away, and that of a dead one, at any moment. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
