// What kills: the server, PostgreSQL's main process, all of PostgreSQL at once, both together, or a server that has only begun to start.
import { setTimeout as delay } from 'node:timers/promises'
import { pick, type Random } from '../../server/demo/random.ts'
import {
  childrenOf,
  embeddedPostmaster,
  type ServerOptions,
  type ServerProcess,
  signalIfAlive,
  spawnServer,
  startServer,
  until,
  untilReady,
} from '../processes.ts'

const targets = [
  'server',
  'server',
  'postmaster',
  'all_of_postgres',
  'all_of_postgres',
  'both',
  'starting_server',
] as const
export type Target = (typeof targets)[number]
export type Victim = { options: ServerOptions & { port: number }; server: ServerProcess }

/** Kills one of them with SIGKILL and returns when the server is ready again, started anew where it was killed. */
export async function strike(victim: Victim, random: Random): Promise<Target> {
  const target = pick(random, targets)
  const directory = victim.options.data_directory
  if (target === 'postmaster' || target === 'all_of_postgres') {
    const killed = killPostgres(directory, target)
    // Sessions outlive their main process for a moment, and go on saying that they are ready.
    await untilReplaced(directory, killed)
    await untilReady(victim.server)
    return target
  }
  if (target === 'both') killPostgres(directory, 'all_of_postgres')
  await killServer(victim.server)
  if (target === 'starting_server') {
    const early = spawnServer(victim.options)
    await delay(random() * 2000)
    await killServer(early)
  }
  victim.server = await startServer(victim.options)
  return target
}

export async function killServer(server: ServerProcess): Promise<void> {
  server.kill('SIGKILL')
  await server.ended
}

/** Returns the main process that was killed. */
export function killPostgres(data_directory: string, what: 'postmaster' | 'all_of_postgres'): number {
  const postmaster = embeddedPostmaster(data_directory)
  if (postmaster === undefined) throw new Error('there is no PostgreSQL to kill')
  const victims = what === 'postmaster' ? [postmaster] : [postmaster, ...childrenOf(postmaster)]
  for (const pid of victims) signalIfAlive(pid, 'SIGKILL')
  return postmaster
}

/** Returns when another main process of PostgreSQL runs than the one given. */
export async function untilReplaced(data_directory: string, former: number | undefined): Promise<number> {
  return until('PostgreSQL runs again', () => {
    const now = embeddedPostmaster(data_directory)
    return now !== undefined && now !== former
  })
}
