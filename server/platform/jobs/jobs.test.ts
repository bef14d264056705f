import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { z } from 'zod'
import { openPool } from '#platform/database/connection.ts'
import { appUrl } from '#platform/database/migrate.ts'
import { sql } from '#platform/database/sql.ts'
import { createLog } from '#platform/logging.ts'
import { startTestApi, type TestApi, testAppPassword } from '../../testing.ts'
import { enqueueJob } from './enqueue.ts'
import { defineJob, defineSchedule, type Job } from './job.ts'
import { insertJob } from './job.store.ts'
import { JobEnded } from './failure.ts'
import { type Jobs, openJobs, unlessAborted } from './jobs.ts'

const Payload = z.strictObject({ number: z.int() })
type Payload = z.output<typeof Payload>
const quick = { limit: 2, delay_seconds: 0, delay_max_seconds: 0 }

let api: TestApi
before(async () => void (api = await startTestApi()))
after(async () => api[Symbol.asyncDispose]())

let names = 0
/** A kind of job that no other test knows. */
const newJob = (retry = quick) => defineJob({ name: `test.job_${(names += 1)}`, payload: Payload, retry })
const enqueue = (job: Job<Payload>, number: number, key?: string) =>
  api.database.once((tx) => enqueueJob(tx, job, { number }, key === undefined ? {} : { key }))

type Row = { id: string; state: string; retry_count: number; output: Record<string, unknown> | null }
const rowsOf = ({ name }: { name: string }) =>
  api.rows(
    sql<Row>`select id, state::text, retry_count, output from pgboss.job where name = ${name} order by created_on`,
  )
async function states(job: { name: string }) {
  const rows = await rowsOf(job)
  return Object.fromEntries(
    Object.entries(Object.groupBy(rows, ({ state }) => state)).map(([state, group]) => [state, group?.length]),
  )
}

/** Servers that share the database. */
async function servers<T>(
  count: number,
  open: (jobs: Jobs, server: number) => void,
  work: (all: Jobs[]) => Promise<T>,
) {
  const all = Array.from({ length: count }, (_, server) => {
    const jobs = openJobs({ pool: api.system.pool, log: createLog('silent'), poll_seconds: 0.5, supervise_seconds: 1 })
    open(jobs, server)
    return jobs
  })
  try {
    await Promise.all(all.map((jobs) => jobs.start()))
    return await work(all)
  } finally {
    await Promise.all(all.map((jobs) => jobs.stop(1000)))
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + 40_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await wait(25)
  }
}

describe('a job', () => {
  it('comes to be with the transaction that queues it, or not at all', async () => {
    const job = newJob()
    const failure = new Error('rolled back')
    await assert.rejects(
      api.database.transaction(async (tx) => {
        assert.equal(await enqueueJob(tx, job, { number: 1 }), 1)
        throw failure
      }),
      failure,
    )
    assert.deepEqual(await rowsOf(job), [])
    await enqueue(job, 2)
    assert.deepEqual(await states(job), { created: 1 })
  })

  it('is the same row that pg-boss itself would make', async () => {
    const job = newJob()
    await enqueue(job, 1, 'key')
    const boss = new PgBoss({
      db: { executeSql: (text, values) => api.system.pool.query(text, values) },
      migrate: false,
      supervise: false,
      schedule: false,
    })
    await boss.send(job.name, { number: 1 }, { singletonKey: 'other' })
    const [ours, theirs] = await api.rows(
      sql<{ row: object }>`
        select to_jsonb(j) - '{id,created_on,start_after,keep_until,singleton_key}'::text[]
               || jsonb_build_object('keeps_days', extract(day from keep_until - created_on), 'waits', start_after - created_on) as row
          from pgboss.job j where name = ${job.name} order by created_on`,
    )
    assert.ok(ours && theirs)
    assert.deepEqual(ours, theirs)
  })

  it('waits once under its key', async () => {
    const job = newJob()
    assert.deepEqual([await enqueue(job, 1, 'key'), await enqueue(job, 2, 'key'), await enqueue(job, 3)], [1, 0, 1])
    assert.deepEqual(await states(job), { created: 2 })
  })

  it('is queued under no key that could name a person', async () => {
    const job = newJob()
    for (const key of ['', 'Maria Testperson', 'x'.repeat(101)])
      assert.throws(() => enqueueJob({ run: async () => 1 }, job, { number: 1 }, { key }), TypeError)
    assert.equal(await enqueue(job, 1, 'patient:0198c0de-0000-7000-8000-000000000001'), 1)
  })

  it('is not taken before its time', async () => {
    const job = newJob()
    const later = Temporal.Now.instant().add({ minutes: 5 }).toString()
    await api.database.once((tx) => enqueueJob(tx, job, { number: 1 }, { after: later }))
    await enqueue(job, 2)
    const done: number[] = []
    await servers(
      1,
      (jobs) => jobs.work(job, async ({ number }) => done.push(number)),
      () => until('the other one is done', async () => (await states(job))['completed'] === 1),
    )
    assert.deepEqual(done, [2])
  })

  it('is done once, whichever of several servers takes it', async () => {
    const job = newJob()
    const done: number[] = []
    await Promise.all(Array.from({ length: 60 }, (_, number) => enqueue(job, number)))
    await servers(
      2,
      (jobs) => jobs.work(job, async ({ number }) => done.push(number)),
      () => until('all are done', async () => (await states(job))['completed'] === 60),
    )
    assert.deepEqual(
      done.toSorted((a, b) => a - b),
      Array.from({ length: 60 }, (_, number) => number),
    )
  })

  it('that no attempt can do is kept as failed, with a code and no word of the error, and holds up no other', async () => {
    const job = newJob()
    const attempts: number[] = []
    await Promise.all(Array.from({ length: 100 }, (_, number) => enqueue(job, number)))
    await servers(
      1,
      (jobs) =>
        jobs.work(job, async ({ number }, { attempt }) => {
          if (number !== 41) return
          attempts.push(attempt)
          throw new Error('canary: Amalia Testperson')
        }),
      () =>
        until('each has come to an end', async () =>
          (await rowsOf(job)).every(({ state }) => /^(completed|failed)$/.test(state)),
        ),
    )
    assert.deepEqual(await states(job), { completed: 99, failed: 1 })
    assert.deepEqual(attempts, [1, 2, 3])
    const failed = (await rowsOf(job)).find(({ state }) => state === 'failed')
    assert.deepEqual(failed?.output, { code: 'unexpected' })
  })

  it('of a process that was killed is finished by another', async () => {
    const job = newJob()
    await enqueue(job, 7)
    const child = spawn(
      process.execPath,
      [`${import.meta.dirname}/worker.testing.ts`, appUrl(api.owner_url, testAppPassword), job.name],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const [taken] = (await once(child.stdout, 'data')) as [Buffer]
    assert.equal(taken.toString(), '7\n')
    assert.deepEqual(await states(job), { active: 1 })
    child.kill('SIGKILL')
    await once(child, 'exit')
    // As if the time had gone by in which a living process would have been heard of.
    await api.rows(sql`update pgboss.job set heartbeat_on = now() - interval '31 seconds' where name = ${job.name}`)
    const done: number[] = []
    await servers(
      1,
      (jobs) => jobs.work(job, async ({ number }, { attempt }) => done.push(number, attempt)),
      () => until('it is done', async () => (await states(job))['completed'] === 1),
    )
    assert.deepEqual(done, [7, 2])
  })

  it('that a stopping server cannot finish is handed back, and costs no attempt', async () => {
    const job = newJob({ ...quick, limit: 0 })
    await enqueue(job, 1)
    const begun = Promise.withResolvers<AbortSignal>()
    await servers(
      1,
      (jobs) =>
        jobs.work(job, (_payload, { signal }) => {
          begun.resolve(signal)
          return new Promise(() => undefined)
        }),
      async ([jobs]) => {
        const signal = await begun.promise
        await jobs?.stop(0)
        assert.equal(signal.aborted, true)
        assert.deepEqual(await states(job), { retry: 1 })
      },
    )
    const done: number[] = []
    await servers(
      1,
      (jobs) => jobs.work(job, async ({ number }) => done.push(number)),
      () => until('it is done', async () => (await states(job))['completed'] === 1),
    )
    assert.deepEqual(done, [1])
  })

  it('that runs when the server stops comes to its end', async () => {
    const job = newJob()
    await enqueue(job, 1)
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await servers(
      1,
      (jobs) =>
        jobs.work(job, async () => {
          begun.resolve()
          await end.promise
        }),
      async ([jobs]) => {
        await begun.promise
        const stopped = jobs?.stop(30_000)
        end.resolve()
        await stopped
        assert.deepEqual(await states(job), { completed: 1 })
      },
    )
  })
})

describe('the jobs of a server', () => {
  const closed = () => openJobs({ pool: api.system.pool, log: createLog('silent') })

  it('have one handler each, named before they start', async () => {
    const [job, late] = [newJob(), newJob()]
    await servers(
      1,
      (jobs) => {
        jobs.work(job, async () => undefined)
        assert.throws(() => jobs.work(job, async () => undefined), { message: `two handlers for the job ${job.name}` })
      },
      async ([jobs]) => assert.throws(() => jobs?.work(late, async () => undefined), /named before jobs start/),
    )
  })

  it('that never started are stopped without a word', async () => {
    const jobs = closed()
    await jobs.stop()
    assert.deepEqual(await jobs.check(), { status: 'ok' })
  })

  it('are told to be degraded while the database cannot be asked for them, and are lost with it by nobody', async () => {
    const pool = openPool({ url: appUrl(api.owner_url, testAppPassword), size: 4, name: 'jobs', on_error() {} })
    const jobs = openJobs({ pool, log: createLog('silent'), poll_seconds: 0.5, supervise_seconds: 1 })
    const job = newJob()
    const begun = Promise.withResolvers<void>()
    jobs.work(job, () => {
      begun.resolve()
      return new Promise(() => undefined)
    })
    await enqueue(job, 1)
    await jobs.start()
    await begun.promise
    assert.deepEqual(await jobs.check(), { status: 'ok' })
    // From here on no connection is to be had.
    await pool.end()
    await until('it is noticed', async () => (await jobs.check()).status === 'degraded')
    await jobs.stop(0)
    assert.deepEqual(await states(job), { active: 1 })
  })
})

describe('a run', () => {
  const never = new Promise(() => undefined)

  it('is over as soon as its signal says so, before it began as well', async () => {
    const stopped = new AbortController()
    const run = unlessAborted(stopped.signal, never)
    stopped.abort('the server stops')
    await assert.rejects(run, { constructor: JobEnded, cause: 'the server stops' })
    await assert.rejects(unlessAborted(stopped.signal, never), { constructor: JobEnded, cause: 'the server stops' })
  })

  it('ends as its work ends', async () => {
    const { signal } = new AbortController()
    await unlessAborted(signal, Promise.resolve())
    const failure = new Error('of the work')
    await assert.rejects(unlessAborted(signal, Promise.reject(failure)), failure)
  })
})

describe('a schedule', () => {
  it('has one run in each period, whatever the number of servers', async () => {
    const schedule = defineSchedule({ name: 'test.schedule', every_seconds: 1, retry: quick })
    const runs: { server: number; job_id: string }[] = []
    await servers(
      3,
      (jobs, server) => jobs.schedule(schedule, async ({ job_id }) => runs.push({ server, job_id })),
      () => until('three periods have had their run', async () => ((await states(schedule))['completed'] ?? 0) >= 3),
    )
    const rows = await api.rows(
      sql<{
        id: string
        period: string
      }>`select id, singleton_on::text as period from pgboss.job where name = ${schedule.name}`,
    )
    assert.equal(new Set(rows.map(({ period }) => period)).size, rows.length)
    const ran = runs.map(({ job_id }) => job_id)
    assert.equal(new Set(ran).size, ran.length)
    assert.ok(ran.length >= 3)
    assert.ok(ran.every((job_id) => rows.some(({ id }) => id === job_id)))
  })

  it('whose run failed is tried again within the period, and the next period has its own', async () => {
    const schedule = defineSchedule({ name: 'test.failing', every_seconds: 1, retry: { ...quick, limit: 1 } })
    await servers(
      2,
      (jobs) =>
        jobs.schedule(schedule, async () => {
          throw new Error('always')
        }),
      () => until('two periods have failed', async () => ((await states(schedule))['failed'] ?? 0) >= 2),
    )
    const failed = (await rowsOf(schedule)).filter(({ state }) => state === 'failed')
    assert.deepEqual(new Set(failed.map(({ retry_count }) => retry_count)), new Set([1]))
  })

  it('whose run has failed often waits for no longer than a period, as the next one waits for it', async () => {
    const schedule = defineSchedule({ name: 'test.behind', every_seconds: 2 })
    const id = randomUUID()
    const run = {
      id,
      work: schedule,
      policy: 'exclusive',
      data: null,
      key: 'run',
      after: null,
      every_seconds: 2,
    } as const
    await api.rows(insertJob(run))
    await api.rows(sql`update pgboss.job set state = 'retry', retry_count = 8 where id = ${id}`)
    const attempts: number[] = []
    await servers(
      1,
      (jobs) =>
        jobs.schedule(schedule, async ({ attempt }) => {
          attempts.push(attempt)
          if (attempts.length === 1) throw new Error('once more')
        }),
      () => until('it was tried again', () => attempts.length > 1),
    )
    assert.deepEqual(attempts.slice(0, 2), [9, 10])
  })
})

describe('the declaration of a job', () => {
  const allowed = z.strictObject({
    id: z.uuid(),
    count: z.int(),
    kind: z.enum(['a', 'b']),
    at: z.iso.datetime(),
    is_new: z.boolean(),
  })
  const refused: [string, z.ZodType][] = [
    ['text', z.strictObject({ name: z.string() })],
    ['members that nobody declared', z.looseObject({ id: z.uuid() })],
    ['a list', z.strictObject({ names: z.array(z.string()) })],
    ['something nested', z.strictObject({ patient: z.strictObject({ name: z.string() }) })],
    ['one of two kinds of text', z.strictObject({ name: z.union([z.string(), z.email()]) })],
    ['anything at all', z.strictObject({ name: z.unknown() })],
    ['anything', z.unknown()],
  ]
  it('lets a payload name things', () => {
    assert.equal(defineJob({ name: 'test.declared', payload: allowed }).name, 'test.declared')
  })
  for (const [what, payload] of refused) {
    it(`refuses ${what} in a payload`, () => {
      assert.throws(() => defineJob({ name: 'test.refused', payload }), TypeError)
    })
  }
  it('has a name that fits into a column, and a batch of two at least', () => {
    for (const name of ['', 'a', 'A job', '9lives', `a${'b'.repeat(61)}`])
      assert.throws(() => defineJob({ name, payload: allowed }), TypeError)
    assert.throws(() => defineJob({ name: 'test.batch', payload: allowed, batch: 1 }), RangeError)
    assert.equal(defineJob({ name: `a${'b'.repeat(60)}`, payload: allowed, batch: 2 }).batch, 2)
  })
  it('takes periods from a second to a day', () => {
    for (const every_seconds of [0, 0.5, 86_401, NaN])
      assert.throws(() => defineSchedule({ name: 'test.period', every_seconds }), RangeError)
    for (const every_seconds of [1, 86_400]) assert.ok(defineSchedule({ name: 'test.period', every_seconds }))
  })
})

describe('the schema of the jobs', () => {
  it('is the one that the installed pg-boss expects', async () => {
    const { pool } = api.system
    const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) }, migrate: false })
    const { ok, ...drift } = await boss.detectSchemaDrift()
    assert.ok(ok, JSON.stringify(drift))
    assert.equal(await boss.isInstalled(), true)
    assert.equal(await boss.schemaVersion(), 43)
  })

  it('gives the role that serves no table to make and none to empty', async () => {
    for (const statement of [
      'create table pgboss.mine ()',
      'truncate pgboss.job',
      'delete from pgboss.queue',
      `select pgboss.create_queue('q', '{"policy":"standard","partition":"true"}')`,
    ])
      await assert.rejects(api.system.pool.query(statement), { code: '42501' })
  })
})
