// Builds the HTTP application from the modules, with health, metrics and the reference of the API.
import type { FastifyInstance } from 'fastify'
import { setTimeout as wait } from 'node:timers/promises'
import { Problem } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { lockMeasure } from '#platform/database/lock-age.ts'
import { eventPurgeSchedule, purgeEvents } from '#platform/events/retention.ts'
import { installDocumentation } from '#platform/http/documentation.ts'
import { openDraining } from '#platform/http/draining.ts'
import { installHealth } from '#platform/http/health.ts'
import { buildHttp } from '#platform/http/server.ts'
import type { Route } from '#platform/http/mount.ts'
import { openJobs } from '#platform/jobs/jobs.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Check, OpenModule } from '#platform/module.ts'
import { openOthers } from '#platform/services/others.ts'
import { emergencyCopyMeasure } from '#modules/emergency-copies'
import { backupCheck, backupMeasures } from './backup/following.ts'
import { modulesOf } from './modules.ts'

export type App = {
  http: FastifyInstance
  routes: readonly Route[]
  /** The kinds of jobs that it does. */
  job_names: readonly string[]
  start(): Promise<void>
  /** Withdraws readiness; everything is answered still. */
  leave(): void
  /** Answers for `drain_ms` more, unless `hurry` says otherwise, then refuses, finishes what is in flight and ends. */
  stop(options?: { drain_ms?: number; hurry?: AbortSignal }): Promise<void>
}

/** How long after the word to end requests in flight are waited for; their connections are then cut. */
const patienceMilliseconds = 25_000

/** Opens every module and builds the application. Nothing runs by itself until `start`. */
export async function buildApp(system: System): Promise<App> {
  const jobs = openJobs(system)
  jobs.schedule(eventPurgeSchedule, ({ signal }) => purgeEvents(system.pool, signal))
  const open: OpenModule[] = []
  for (const module of modulesOf(system.configuration.services)) open.push(await module.open(system, jobs))
  const routes = open.flatMap((module) => module.routes)
  const authenticate = open.flatMap((module) => module.authenticate ?? [])[0]
  if (!authenticate) throw new Error('no module says who people are')
  const others = openOthers(system.configuration, system.tracing)
  const draining = openDraining()
  const http = await buildHttp({ system, routes, authenticate, draining })
  const backups = backupCheck(system.configuration)
  const own = { audit_spool: () => checkSpool(system), jobs: () => jobs.check(), ...(backups && { backups }) }
  const checks = Object.assign(own, ...open.map((module) => module.checks ?? {}), others.checks)
  const measures = [
    ...backupMeasures(system.configuration),
    emergencyCopyMeasure(system.configuration),
    lockMeasure(system.reserve),
  ]
  installHealth(http, system, checks, draining, measures)
  await installDocumentation(http, routes, others)
  const following: Repeated[] = []
  return {
    http,
    routes,
    job_names: jobs.names(),
    async start() {
      following.push(system.keys.follow(system.log), enterSpooled(system))
      for (const module of open) await whenAvailable(async () => module.start?.(), system.log)
      await whenAvailable(() => jobs.start(), system.log)
    },
    leave: () => draining.leave(),
    async stop({ drain_ms = 0, hurry } = {}) {
      draining.leave()
      const handedBack = jobs.stop()
      const told_at = performance.now()
      if (drain_ms > 0) await wait(drain_ms, undefined, hurry ? { signal: hurry } : {}).catch(() => undefined)
      const cut = setTimeout(
        () => {
          system.log.warn('requests in flight did not finish in time: their connections are cut')
          http.server.closeAllConnections()
        },
        patienceMilliseconds - (performance.now() - told_at),
      )
      await draining.refuse()
      await Promise.all([http.close(), handedBack])
      clearTimeout(cut)
      for (const module of open.toReversed()) await module.stop?.()
      await Promise.all(following.map((repeated) => repeated.stop()))
    },
  }
}

const enterEveryMilliseconds = 5000

function enterSpooled({ spool, log }: System): Repeated {
  return repeat({ name: 'audit.spool', every_ms: enterEveryMilliseconds, work: () => spool.enter(), log })
}

async function checkSpool({ spool }: System): Promise<Check> {
  const count = await spool.count().catch(() => undefined)
  if (count === undefined)
    return { status: 'degraded', detail: 'The folder audit-spool in the data directory cannot be read' }
  if (count === 0) return { status: 'ok' }
  return { status: 'degraded', detail: `Reads by emergency access that are not in the audit log yet: ${count}` }
}

/** A part whose database goes away just as it begins is begun again when it is back; the server serves meanwhile. */
async function whenAvailable(begin: () => Promise<void>, log: System['log']): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await begin()
    } catch (error) {
      const isAway = isConnectionFault(error) || (error instanceof Problem && error.kind.status === 503)
      if (!isAway || attempt > 60) throw error
      log.warn({ err: error, attempt }, 'a part could not begin while the database was away: it is tried again')
      await wait(Math.min(attempt * 250, 2000))
    }
  }
}
