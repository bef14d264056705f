// Doing the jobs: pg-boss fetches, settles, retries and notices dead servers, on the pool of requests; this binds it to handlers.
import { randomUUIDv7 } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Job as FetchedJob, JobResult, PgBoss } from 'pg-boss'
import type { z } from 'zod'
import { certain } from '#platform/certain.ts'
import { type Pool, withinLimit } from '#platform/database/connection.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import type { Log } from '#platform/logging.ts'
import type { Check } from '#platform/module.ts'
import { type Tracing, within } from '#platform/tracing/tracing.ts'
import { codeOf, JobEnded } from './failure.ts'
import { defineSchedule, type Job, type Run, type Schedule, type Work } from './job.ts'
import { deleteOldJobs, handBack, insertJob, type Policy, upsertQueue } from './job.store.ts'
import { repeat, type Repeated } from './repeat.ts'

export type Jobs = {
  /** Says who does this kind of job. To be called while modules open. */
  work<Payload>(job: Job<Payload>, handler: (payload: Payload, run: Run) => Promise<unknown>): void
  /** Says what is done once in every period, by any of the servers. To be called while modules open. */
  schedule(schedule: Schedule, handler: (run: Run) => Promise<unknown>): void
  start(): Promise<void>
  /** Takes no more, lets what runs come to its end, and hands back what does not within the limit. */
  stop(limit_ms?: number): Promise<void>
  /** Of all that is done here. */
  names(): string[]
  check(): Promise<Check>
}

export type JobsOptions = {
  pool: Pool
  log: Log
  tracing?: Tracing | undefined
  poll_seconds?: number
  /** How often it is looked for servers that died. */
  supervise_seconds?: number
}

type Handling = { work: Work; policy: Policy; every_seconds?: number; run(data: unknown, run: Run): Promise<unknown> }

const drainMilliseconds = 20_000
const housekeeping = defineSchedule({ name: 'jobs.purge', every_seconds: 3600 })

/** Costs nothing until `start`: pg-boss is not even read. */
export function openJobs({ pool, log, tracing, poll_seconds = 2, supervise_seconds = 30 }: JobsOptions): Jobs {
  const handlings = new Map<string, Handling>()
  const running = new Set<string>()
  let boss: PgBoss | undefined
  let ticking: Repeated | undefined
  let failed_at: number | undefined
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'jobs', ...entry }) },
  )

  function add(handling: Handling) {
    const { name } = handling.work
    if (handlings.has(name)) throw new Error(`two handlers for the job ${name}`)
    if (boss) throw new Error(`${name}: handlers are named before jobs start`)
    handlings.set(name, handling)
  }

  async function settle({ work, ...handling }: Handling, fetched: FetchedJob<object>): Promise<JobResult> {
    const attempt = fetched.retryCount + 1
    running.add(fetched.id)
    // No `AbortSignal.timeout`, which stays until its time is over, however soon the job is done.
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error('the job takes too long')), work.expire_seconds * 900).unref()
    try {
      // Of a batch, those that are done are settled with the last one: it must not take them with it when it takes too long.
      const signal = AbortSignal.any([fetched.signal, late.signal])
      const attributes = { 'openward.job': work.name, 'openward.attempt': attempt }
      await within(tracing?.begin(`job ${work.name}`, 'job', { attributes }), () =>
        unlessAborted(signal, handling.run(fetched.data, { job_id: fetched.id, attempt, signal })),
      )
      return { id: fetched.id, status: 'completed' }
    } catch (error) {
      const isLast = attempt > work.retry.limit
      log[isLast ? 'error' : 'warn']({ err: error, job: work.name, job_id: fetched.id, attempt }, 'a job failed')
      return { id: fetched.id, status: 'failed', output: { code: codeOf(error) } }
    } finally {
      clearTimeout(timer)
      running.delete(fetched.id)
    }
  }

  const jobs: Jobs = {
    work(job, handler) {
      const run = (data: unknown, about: Run) => handler(job.payload.parse(data) as z.output<typeof job.payload>, about)
      add({ work: job, policy: 'short', run })
    },
    schedule(schedule, handler) {
      const run = (_data: unknown, about: Run) => handler(about)
      add({ work: schedule, policy: 'exclusive', every_seconds: schedule.every_seconds, run })
    },
    async start() {
      const { PgBoss } = await import('pg-boss')
      await database.once((tx) =>
        Promise.all([...handlings.values()].map(({ work, policy }) => tx.run(upsertQueue(work, policy)))),
      )
      const started = new PgBoss({
        db: {
          executeSql: (text: string, values?: unknown[]) => pool.query(withinLimit(text, 15_000, values)),
        },
        migrate: false,
        schedule: false,
        reindex: false,
        monitorVacuum: false,
        superviseIntervalSeconds: supervise_seconds,
        monitorIntervalSeconds: supervise_seconds,
        // No flows are used.
        flowIntervalSeconds: 86_400,
      })
      started.on('error', (error) => {
        failed_at = performance.now()
        log.warn({ err: error }, 'jobs could not be fetched or settled: it is tried again at the next poll')
      })
      await started.start()
      boss = started
      const wake = new Map<string, string>()
      for (const handling of handlings.values()) {
        const { name, batch } = handling.work
        const options = {
          batchSize: batch,
          // Whoever adds the run of a period wakes its own worker: the others look for what was left behind.
          pollingIntervalSeconds: Math.max(poll_seconds, Math.min(30, (handling.every_seconds ?? 0) / 2)),
          burstWhenBatchFull: true,
          perJobResults: true,
        } as const
        wake.set(
          name,
          await started.work<object>(name, options, (fetched) =>
            Promise.all(fetched.map((job) => settle(handling, job))),
          ),
        )
      }
      ticking = repeat({ name: 'jobs.schedules', every_ms: tickOf(handlings.values()), work: addRuns, log })

      async function addRuns() {
        const schedules = [...handlings.values()].filter(({ every_seconds }) => every_seconds !== undefined)
        const added = await database.once((tx) =>
          Promise.all(
            schedules.map(({ work, policy, every_seconds = null }) =>
              tx.run(
                insertJob({ id: randomUUIDv7(), work, policy, data: null, key: 'run', after: null, every_seconds }),
              ),
            ),
          ),
        )
        schedules.forEach(({ work }, index) => {
          if (added[index] === 1) started.notifyWorker(certain(wake.get(work.name), `worker of ${work.name}`))
        })
      }
    },
    async stop(limit_ms = drainMilliseconds) {
      if (!boss) return
      const stopping = boss
      boss = undefined
      await ticking?.stop()
      const given_up = new AbortController()
      const drained = Promise.all([...handlings.keys()].map((name) => stopping.offWork(name, { wait: true })))
      await Promise.race([drained, wait(limit_ms, undefined, { signal: given_up.signal }).catch(() => undefined)])
      given_up.abort()
      if (running.size > 0) {
        log.warn({ jobs: running.size }, 'jobs did not end in time: another server takes them')
        const handedBack = database.once((tx) => tx.run(handBack([...running])))
        await handedBack.catch((error: unknown) =>
          log.warn({ err: error }, 'jobs were not handed back: they are missed by their heartbeat'),
        )
      }
      await stopping.stop({ graceful: false, close: false })
    },
    names: () => [...handlings.keys()],
    async check() {
      if (failed_at !== undefined && performance.now() - failed_at < 60_000)
        return { status: 'degraded', detail: 'Jobs could not be fetched or settled within the last minute' }
      return { status: 'ok' }
    },
  }
  jobs.schedule(housekeeping, () => database.once((tx) => tx.run(deleteOldJobs())))
  return jobs
}

/** @throws JobEnded as soon as the signal says so, whether the work heeds it or not */
export async function unlessAborted(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  work.catch(() => undefined)
  const { promise, reject } = Promise.withResolvers<never>()
  const end = () => reject(new JobEnded('the run was ended before it was done', { cause: signal.reason }))
  signal.addEventListener('abort', end, { once: true })
  try {
    if (signal.aborted) end()
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** Several looks within each period, so that a period is missed by none, but no more than are needed. */
function tickOf(handlings: Iterable<Handling>): number {
  const periods = [...handlings].map(({ every_seconds }) => every_seconds ?? Infinity)
  return Math.min(30_000, (Math.min(...periods) * 1000) / 4)
}
