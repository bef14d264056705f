// Processes that a benchmark starts, waits for, weighs and stops.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export type Running = { pid: number; log_file: string; hasEnded: () => boolean; stop: () => Promise<void> }

/** Nothing else of the caller's environment reaches a child, so that a run says the same everywhere. */
export const base_environment: Record<string, string> = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  LANG: 'C.UTF-8',
}

type StartOptions = {
  command: string
  args: readonly string[]
  environment?: Record<string, string>
  directory: string
  log_file: string
}

/** Starts a process in a group of its own; `stop` asks it to end, and after ten seconds ends the group. */
export function startProcess({ command, args, environment = {}, directory, log_file }: StartOptions): Running {
  const log = openSync(log_file, 'a')
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...base_environment, HOME: directory, ...environment },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const pid = child.pid
  if (pid === undefined) throw new Error(`${command} does not start`)
  const ended = once(child, 'exit')
  ended.catch(() => undefined)
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    if (hasEnded()) return
    child.kill('SIGTERM')
    const waiting = new AbortController()
    const is_late = delay(10_000, true, { signal: waiting.signal }).catch(() => false)
    if (await Promise.race([ended.then(() => false), is_late])) process.kill(-pid, 'SIGKILL')
    waiting.abort()
    await ended
  }
  return { pid, log_file, hasEnded, stop }
}

const run = promisify(execFile)

/** What the program wrote to its standard output. @throws when it fails */
export async function runToEnd(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await run(command, args, {
    env: { ...base_environment, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** Whether a command can be started and ends well, or with the given status: some say their version and end with 1. */
export async function isInstalled(command: string, args: readonly string[], status = 0): Promise<boolean> {
  try {
    await runToEnd(command, args)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === status
  }
}

// The log goes with the run's folder, so its end must be told now.
async function silent(running: Running, what: string): Promise<Error> {
  const log = await readFile(running.log_file, 'utf8').catch(() => '')
  return new Error(`${what}; its log ends: ${log.trim().slice(-1500)}`)
}

/** Returns as soon as the address answers 200. @throws when the process ends first or `limit_ms` pass */
export async function waitForAnswer(running: Running, url: string, limit_ms = 60_000): Promise<void> {
  const deadline = performance.now() + limit_ms
  for (;;) {
    if (running.hasEnded()) throw await silent(running, 'a server ended before it answered')
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.status === 200) return
    if (performance.now() > deadline) throw await silent(running, `no answer within ${limit_ms} ms`)
    await delay(10)
  }
}

/** @throws where something listens already: a server that an earlier run left behind would be measured in place of the new one */
export async function assertFree(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer()
    const listening = once(server, 'listening')
    server.listen(port, '127.0.0.1')
    await listening.catch((error: unknown) => {
      throw new Error(`port ${port} is taken, perhaps by what an earlier run left behind: end that first`, {
        cause: error,
      })
    })
    server.close()
    await once(server, 'close')
  }
}

type ProcessFacts = { pid: number; parent: number; rss_mb: number }

async function readFacts(pid: number): Promise<ProcessFacts | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1]
  const rss_kb = /^VmRSS:\s+(\d+)/m.exec(status)?.[1]
  return parent && rss_kb ? { pid, parent: Number(parent), rss_mb: Number(rss_kb) / 1024 } : undefined
}

/** Resident memory of a process and everything under it, in MB, largest first. Empty where there is no /proc. */
export async function readMemory(root_pid: number): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const all = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readFacts(Number(name))))
  const family = new Set([root_pid])
  let grew = true
  while (grew) {
    grew = false
    for (const facts of all)
      if (facts && family.has(facts.parent) && !family.has(facts.pid)) {
        family.add(facts.pid)
        grew = true
      }
  }
  return all
    .flatMap((facts) => (facts && family.has(facts.pid) ? [facts.rss_mb] : []))
    .toSorted((left, right) => right - left)
}
