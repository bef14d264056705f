// Which processes use the embedded database: it is stopped by the last of them, and started and stopped by one at a time.
import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const lock_patience_ms = 150_000

/** Notes that this process uses the database, until `releaseClaim`. */
export function claim(directory: string) {
  mkdirSync(claimsFolder(directory), { recursive: true, mode: 0o700 })
  writeFileSync(join(claimsFolder(directory), String(process.pid)), identityOf(process.pid), { mode: 0o600 })
}

/** Withdraws this process's claim; returns the pids of the living processes that still use the database. */
export function releaseClaim(directory: string): number[] {
  const others = []
  for (const name of readdirSync(claimsFolder(directory))) {
    const path = join(claimsFolder(directory), name)
    const pid = Number(name)
    if (pid !== process.pid && isSameProcess(pid, readIfThere(path))) others.push(pid)
    else rmSync(path, { force: true })
  }
  return others
}

/** Runs `work` while no other process starts or stops this database. Throws when another one does not finish. */
export async function exclusively<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = join(directory, 'lock')
  const mine = join(directory, `lock.${randomUUID()}`)
  writeFileSync(mine, `${process.pid} ${identityOf(process.pid)}`, { mode: 0o600 })
  try {
    await acquire(mine, lock)
    try {
      return await work()
    } finally {
      rmSync(lock, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

async function acquire(mine: string, lock: string) {
  const give_up_at = performance.now() + lock_patience_ms
  for (;;) {
    try {
      // A link appears whole or not at all, with its content: nobody reads a lock without an owner.
      linkSync(mine, lock)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const held_by = readIfThere(lock)
    const [pid = '', identity = ''] = held_by.split(' ')
    if (held_by !== '' && !isSameProcess(Number(pid), identity)) {
      rmSync(lock, { force: true })
      continue
    }
    if (performance.now() > give_up_at) {
      throw new Error(`Process ${pid} has been starting or stopping the embedded database for too long (${lock}).`)
    }
    await wait(50)
  }
}

/** Whether that process runs; a zombie, which nobody may ever collect in a container, does not. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return processFields(pid)[0] !== 'Z'
}

function isSameProcess(pid: number, identity: string) {
  return isAlive(pid) && identityOf(pid) === identity
}

/** A pid is used again, in a restarted container at once; with its start it is unique. Empty where /proc does not exist. */
function identityOf(pid: number) {
  return processFields(pid)[19] ?? ''
}

/** The fields of /proc/<pid>/stat after the name: [0] is the state, [19] the start in clock ticks (proc_pid_stat(5), fields 3 and 22). */
function processFields(pid: number): string[] {
  const line = process.platform === 'linux' ? readIfThere(`/proc/${pid}/stat`) : ''
  return line === '' ? [] : line.slice(line.lastIndexOf(')') + 2).split(' ')
}

function readIfThere(path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function claimsFolder(directory: string) {
  return join(directory, 'claims')
}
