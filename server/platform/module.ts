// What a module shows to the process that serves it.
import type { System } from './context.ts'
import type { Authenticate, Route } from './http/mount.ts'
import type { Jobs } from './jobs/jobs.ts'

/**
 * A part as `/health/ready` tells it: `degraded` is one that a server can do without, and one that is `down` makes it not ready.
 * `detail` holds no person's data.
 */
export type Check = { status: 'ok' | 'degraded' | 'down'; detail?: string }

export type OpenModule = {
  routes: readonly Route[]
  /** Offered by the one module that knows who people are. */
  authenticate?: Authenticate
  checks?: Record<string, () => Promise<Check>>
  /** Begins work that is not asked for by a request: schedules, relays, indexes. Called once the server listens. */
  start?(): Promise<void>
  stop?(): Promise<void>
}

/** `jobs` are those of this application: what a module names while it opens is done once the application starts. */
export type Module = { name: string; open(system: System, jobs: Jobs): Promise<OpenModule> }
