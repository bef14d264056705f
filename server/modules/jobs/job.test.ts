import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { defineJob } from '#platform/jobs/job.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { jobApi, jobNotFailed } from './job.contract.ts'

const job = defineJob({ name: 'test.job', payload: z.strictObject({ number: z.int() }) })

describe('the overview of jobs', () => {
  let api: TestApi
  let admin: Person
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
  })
  after(async () => api[Symbol.asyncDispose]())

  const overview = (query: { name?: string; limit?: string } = {}) => admin.call(jobApi.list, { query })
  /** One that no attempt could do. */
  async function failedJob(output: object = { code: 'unavailable' }): Promise<string> {
    await api.database.once((tx) => enqueueJob(tx, job, { number: 1 }))
    const [row] = await api.rows(
      sql<{ id: string }>`
        update pgboss.job set state = 'failed', retry_count = 10, completed_on = now(), output = ${JSON.stringify(output)}
         where name = ${job.name} and state = 'created' returning id`,
    )
    return row?.id ?? ''
  }

  it('counts by name and state, and shows what has failed, newest first, with a code', async () => {
    const older = await failedJob()
    const newer = await failedJob({ value: { message: 'job heartbeat timeout' } })
    await api.database.once((tx) => enqueueJob(tx, job, { number: 2 }))
    const { counts, failed } = await overview({ name: job.name })
    assert.deepEqual(
      counts.filter(({ name }) => name === job.name),
      [
        { name: job.name, state: 'failed', count: 2 },
        { name: job.name, state: 'waiting', count: 1 },
      ],
    )
    assert.deepEqual(
      failed.map(({ id, error_code, attempts }) => [id, error_code, attempts]),
      [
        [newer, 'server_died', 11],
        [older, 'unavailable', 11],
      ],
    )
    assert.equal((await overview({ limit: '1' })).failed.length, 1)
    assert.deepEqual((await overview({ name: 'test.other' })).failed, [])
  })

  it('tells no word of what an error said', async () => {
    await failedJob({ message: 'canary: Amalia Testperson', stack: 'canary' })
    const overviewed = await overview()
    assert.ok(overviewed.failed.some(({ error_code }) => error_code === 'unexpected'))
    assert.ok(!JSON.stringify(overviewed).includes('canary'))
  })

  it('lets a failed job be tried again, once, and records who did', async () => {
    const job_id = await failedJob()
    await admin.call(jobApi.retry, { params: { job_id } })
    const [row] = await api.rows(
      sql<object>`select state::text, retry_count < retry_limit + 1 as has_attempt, start_after <= now() as is_due from pgboss.job where id = ${job_id}`,
    )
    assert.deepEqual(row, { state: 'retry', has_attempt: true, is_due: true })
    await assert.rejects(admin.call(jobApi.retry, { params: { job_id } }), refusedWith(jobNotFailed))
    const entries = await api.rows(
      sql<object>`select user_id, outcome, details from audit_logs where action = 'job.retry' and resource_id = ${job_id} and outcome = 'success'`,
    )
    assert.deepEqual(entries, [{ user_id: admin.user_id, outcome: 'success', details: { job: job.name } }])
  })

  it('knows no job of another id', async () => {
    await assert.rejects(admin.call(jobApi.retry, { params: { job_id: randomUUID() } }), refusedWith(notFound))
  })
})

describe('a server that has started', () => {
  it('does the jobs of its modules, those tried again too, and is done with them when it stops', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const status = (id: string) => api.rows(sql<{ status: string }>`select status from mails where id = ${id}`)
    const queue = () =>
      api.database.transaction((tx) =>
        queueMail(tx, api.system, { template: 'registration_repeated', to: 'a@example.test', data: { link: 'x' } }),
      )
    const [mail_id, failed_id] = [await queue(), await queue()]
    const [failed] = await api.rows(
      sql<{ id: string }>`
        update pgboss.job set state = 'failed', completed_on = now(), retry_count = retry_limit where singleton_key = ${failed_id}
        returning id`,
    )
    await api.app.start()
    await until(async () => (await status(mail_id))[0]?.status === 'kept')
    assert.deepEqual(await status(failed_id), [{ status: 'waiting' }])
    await admin.call(jobApi.retry, { params: { job_id: failed?.id ?? '' } })
    await until(async () => (await status(failed_id))[0]?.status === 'kept')
    await until(async () => {
      const { counts } = await admin.call(jobApi.list, { query: {} })
      return ['identity.purge', 'events.purge'].every((purge) =>
        counts.some(({ name, state, count }) => name === purge && state === 'completed' && count === 1),
      )
    })
    const ready = await api.app.http.inject('/health/ready')
    assert.deepEqual(ready.json().parts.jobs, { status: 'ok' })
  })
})

async function until(holds: () => Promise<boolean>) {
  const deadline = performance.now() + 40_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('not in time')
    await wait(25)
  }
}
