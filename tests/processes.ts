// Real server processes and clusters for the suites that kill, stop and cut them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const own_program = join(root, 'server/cli/main.ts')
/** Of the test run, where it has one: a server then begins in half the time. */
const compile_cache = process.env['NODE_COMPILE_CACHE']
const start_limit_ms = 90_000

export const administrator = { email: 'administrator@example.org', password: 'lantern gravel spoon 47' }

export type ServerProcess = {
  port: number
  pid: number
  /** Everything that it has written so far. */
  output: () => string
  hasEnded: () => boolean
  kill: (signal: NodeJS.Signals) => void
  /** Resolves when the process is gone. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}
export type ServerOptions = {
  data_directory: string
  /** Default: a free one. */
  port?: number
  environment?: Record<string, string>
  node_options?: readonly string[]
  /** Default: this version's. */
  program?: string
  /** Where its log goes instead of to `output`: a path. */
  log_path?: string
}

/** A folder for one test's data, and the way to remove it with whatever cluster still runs in it. */
export function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'openward-fault-'))
  return {
    path,
    async remove() {
      const pid = embeddedPostmaster(path)
      if (pid !== undefined) {
        signalIfAlive(pid, 'SIGQUIT')
        await until('the cluster has ended', () => !isAlive(pid))
      }
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

/** Starts `openward serve`, without waiting. */
export function spawnServer(options: ServerOptions & { port: number }): ServerProcess {
  const child = spawn(process.execPath, [...(options.node_options ?? []), options.program ?? own_program, 'serve'], {
    cwd: options.data_directory,
    env: environmentFor(options),
    stdio: ['ignore', options.log_path === undefined ? 'pipe' : openSync(options.log_path, 'a'), 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => void (output += chunk.toString())
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const { pid } = child
  if (pid === undefined) throw new Error('the server could not be started')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }))
  return { port: options.port, pid, output: () => output, hasEnded, kill: (signal) => void child.kill(signal), ended }
}

/** Starts `openward serve` and returns when it is ready. @throws when it ends instead */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const server = spawnServer({ ...options, port: options.port ?? (await freePort()) })
  await untilReady(server)
  return server
}

/** Asks it to end, as an administrator would; what does not end is killed. */
export async function stopServer(server: ServerProcess | undefined): Promise<void> {
  if (!server || server.hasEnded()) return
  server.kill('SIGCONT')
  server.kill('SIGTERM')
  const late = setTimeout(() => server.kill('SIGKILL'), 35_000)
  await server.ended
  clearTimeout(late)
}

/** Runs `openward <words>` to its end. */
export async function runOpenward(options: Omit<ServerOptions, 'port'>, ...words: string[]) {
  const child = spawn(process.execPath, [options.program ?? own_program, ...words], {
    cwd: options.data_directory,
    env: environmentFor({ ...options, port: 0 }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, output }
}

/** Nothing of the caller's environment but the way to programs, so that a run says the same everywhere. */
function environmentFor({ data_directory, port, environment = {} }: ServerOptions & { port: number }) {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: data_directory,
    LANG: 'C.UTF-8',
    ...(compile_cache && { NODE_COMPILE_CACHE: compile_cache }),
    PORT: String(port),
    OPENWARD_DATA_DIR: data_directory,
    OPENWARD_RATE_LIMIT: 'off',
    OPENWARD_TIMEZONE: 'UTC',
    OPENWARD_ADMIN_EMAIL: administrator.email,
    OPENWARD_ADMIN_PASSWORD: administrator.password,
    ...environment,
  }
}

export async function untilReady(server: ServerProcess, limit_ms = start_limit_ms): Promise<void> {
  await until(
    'the server is ready',
    async () => {
      if (server.hasEnded()) throw new Error(`the server ended: ${server.output().trim().slice(-1500)}`)
      return (await statusOf(server, '/health/ready')) === 200
    },
    limit_ms,
  )
}

/** The status of a GET, or undefined where nobody answers within two and a half seconds. */
export async function statusOf({ port }: { port: number }, path: string): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2500) }).catch(
    () => undefined,
  )
  await answer?.arrayBuffer().catch(() => undefined)
  return answer?.status
}

/** Asks again and again until it holds. @throws when it does not within the limit */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limit_ms = 30_000): Promise<number> {
  const started_at = performance.now()
  while (!(await holds())) {
    if (performance.now() - started_at > limit_ms) throw new Error(`not within ${limit_ms} ms: ${what}`)
    await delay(20)
  }
  return performance.now() - started_at
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}

/** The main process of the embedded PostgreSQL under a data directory, while there is one. */
export function embeddedPostmaster(data_directory: string): number | undefined {
  const lock = lockFileOf(data_directory)
  const pid = Number(lock?.[0])
  return lock && isAlive(pid) ? pid : undefined
}

/** The superuser's address of the embedded PostgreSQL. */
export function embeddedUrl(data_directory: string): string {
  const password = readFileSync(join(data_directory, 'keys/embedded-postgres.password'), 'utf8').trim()
  return `postgres://postgres:${password}@127.0.0.1:${lockFileOf(data_directory)?.[3]}/postgres`
}

function lockFileOf(data_directory: string): string[] | undefined {
  const path = join(data_directory, 'postgres/cluster/postmaster.pid')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : undefined
}

/** Running is not what waits for its parent to take notice of its end. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    })
}

export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
