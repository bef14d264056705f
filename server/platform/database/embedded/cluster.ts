// The cluster: the folder of tables that initdb makes once, and the port that it keeps.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Account, commandAs, give } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedDatabaseUnavailable } from './failures.ts'
import { initialSettings } from './settings.ts'

/** Everything that does not change between two starts. */
export type Cluster = {
  /** Holds the cluster and what belongs to it: port, claims, start messages. */
  directory: string
  /** PostgreSQL's own data directory. */
  data_directory: string
  binaries: Binaries
  account: Account | undefined
  superuser_password: string
  fixed_port: number | undefined
  durability: 'kept' | 'unsafe_lost_at_crash'
  /** Replaying what a crash left can take long; as long as the process lives it is given this much. */
  recovery_patience_ms: number
  log: (line: string) => void
}

/** Makes the cluster unless it exists. A start that was killed meanwhile leaves nothing that counts. Throws EmbeddedDatabaseUnavailable. */
export async function createCluster(cluster: Cluster) {
  if (existsSync(join(cluster.data_directory, 'PG_VERSION'))) return
  const unfinished = `${cluster.data_directory}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  const password_file = join(cluster.directory, 'password')
  rmSync(password_file, { force: true })
  try {
    writeFileSync(password_file, `${cluster.superuser_password}\n`, { mode: 0o600, flag: 'wx' })
    if (cluster.account !== undefined) {
      const { uid, gid } = cluster.account
      for (const path of [unfinished, password_file]) give(path, uid, gid)
    }
    const { status, output } = await run(cluster, cluster.binaries.initdb, [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      `--pwfile=${password_file}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      '--no-instructions',
      ...(cluster.durability === 'kept' ? [] : ['--no-sync']),
      ...initialSettings().map((setting) => `--set=${setting}`),
    ])
    if (status !== 0) throw initializationFailed(output)
  } finally {
    rmSync(password_file, { force: true })
  }
  renameSync(unfinished, cluster.data_directory)
}

/** The port to start on: the fixed one, else the one kept from last time, else (or when that was `refused`) a free one. */
export async function choosePort(cluster: Cluster, refused?: number): Promise<number> {
  if (cluster.fixed_port !== undefined) return cluster.fixed_port
  const path = join(cluster.directory, 'port')
  const kept = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (Number.isInteger(kept) && kept > 0 && kept !== refused) return kept
  const port = await freePort()
  writeFileSync(path, `${port}\n`, { mode: 0o600 })
  return port
}

/** Runs one of the programs to its end, as the cluster's account. */
export async function run(cluster: Cluster, program: string, args: string[]) {
  const command = commandAs(cluster.account, program, args)
  const child = spawn(command.file, command.args, {
    ...command.identity,
    ...spawnPlace,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, output: `${out}${err}`.trim() }
}

/**
 * Where and with what the programs run: a folder that every account may enter, messages in English (they are recognised),
 * and nothing of this process's environment that could hold a secret.
 */
export const spawnPlace =
  process.platform === 'win32'
    ? // What Windows itself needs, libuv adds.
      { env: { LC_ALL: 'C', TZ: 'UTC' } }
    : { cwd: '/', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' } }

function initializationFailed(output: string) {
  const nameless = /could not look up effective user ID (\d+)/.exec(output)
  if (nameless) {
    return new EmbeddedDatabaseUnavailable(
      `PostgreSQL needs an account with a name, and uid ${nameless[1]} has none on this machine`,
    )
  }
  return new EmbeddedDatabaseUnavailable(`initdb failed: ${output.split('\n').slice(-6).join(' / ')}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
