// Reports as jobs: made once, with progress, for whoever ordered them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notFound, Problem, invalidRequest } from '#platform/contract/problem.ts'
import { countingDatabase } from '#platform/database/counting.ts'
import { sql } from '#platform/database/sql.ts'
import { readPeriod } from '#modules/analytics'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { figuresOfAll } from '../analytics/analytics.contract.ts'
import { reportApi, reportJobApi, reportNotReady, reportTooLong } from './report.contract.ts'
import { purgeReports, reportWork, runReport } from './report-job.service.ts'
import { makeReport } from './report.service.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  for (let at = 0; at < 5; at += 1) await api.patient()
})
after(() => api[Symbol.asyncDispose]())

const period = { from: '2026-01-01', to: '2026-12-31' }
const run = (id: string, attempt = 1) => runReport(api.system, id, { attempt, signal: new AbortController().signal })
const read = (id: string, who = admin) => who.call(reportJobApi.read, { params: { report_job_id: id } })

describe('a report that is ordered', () => {
  it('is put in with its order, made by the job, and fetched by whoever ordered it', async () => {
    const ordered = await admin.call(reportJobApi.create, {
      body: { report: 'patient_statistics', ...period, format: 'json' },
    })
    assert.deepEqual([ordered.status, ordered.content], ['waiting', null])
    const [queued] = await api.rows<{ data: object }>(
      sql`select data from pgboss.job where name = ${reportWork.name} and singleton_key = ${ordered.id}`,
    )
    assert.deepEqual(queued?.data, { report_job_id: ordered.id })
    const params = { report_job_id: ordered.id }
    await assert.rejects(admin.call(reportJobApi.content, { params }), refusedWith(reportNotReady))
    await run(ordered.id)
    const { status, done, total, content } = await read(ordered.id)
    assert.deepEqual([status, done, total, content], ['finished', 5, 5, `/api/v1/reports/jobs/${ordered.id}/content`])
    const made = await admin.call(reportJobApi.content, { params })
    const { as_of: _, ...at_once } = await admin.call(reportApi.export, {
      params: { report: 'patient_statistics' },
      query: { ...period, format: 'json' },
    })
    const { as_of: __, ...as_a_job } = made
    assert.deepEqual(as_a_job, at_once)
    // A second run, of a server that was thought to be dead, changes nothing.
    await run(ordered.id)
    assert.deepEqual(await admin.call(reportJobApi.content, { params }), made)
    const other = await api.person('admin')
    await assert.rejects(read(ordered.id, other), refusedWith(notFound))
    await assert.rejects(other.call(reportJobApi.content, { params }), refusedWith(notFound))
  })

  it('is a table where that was asked for', async () => {
    const ordered = await admin.call(reportJobApi.create, { body: { report: 'dashboard', ...period } })
    await run(ordered.id)
    const { content } = await read(ordered.id)
    const file = await admin.send({ method: 'GET', url: content ?? '', headers: {} })
    assert.match(String(file.headers['content-type']), /^text\/csv/)
    assert.match(file.text, /^metric,value\r\npatients,5\r\n/)
  })

  it('is failed when the last attempt was in vain, and deleted after a week', async () => {
    const { id } = await admin.call(reportJobApi.create, { body: { report: 'patient_statistics', ...period } })
    const aborted = { signal: AbortSignal.abort(new Error('the server stops')) }
    await assert.rejects(runReport(api.system, id, { attempt: 1, ...aborted }))
    assert.equal((await read(id)).status, 'running')
    await assert.rejects(runReport(api.system, id, { attempt: reportWork.retry.limit + 1, ...aborted }))
    assert.equal((await read(id)).status, 'failed')
    await api.rows(sql`update report_jobs set created_at = now() - interval '8 days' where id = ${id}`)
    await purgeReports(api.system)
    await assert.rejects(read(id), refusedWith(notFound))
  })

  it('is for whoever reads all figures, of a period that can be counted', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    await assert.rejects(doctor.call(reportJobApi.create, { body: { report: 'dashboard' } }), refusedWith(figuresOfAll))
    await assert.rejects(
      admin.call(reportJobApi.create, { body: { report: 'dashboard', from: '2026-02-01', to: '2026-01-01' } }),
      refusedWith(invalidRequest, '/body/to'),
    )
  })
})

describe('a report that opens too many records for a request', () => {
  it('is refused before any is opened, and told how far it is where it is a job', async () => {
    const told: string[] = []
    const making = (most_opened: number) => ({
      counting: countingDatabase(api.system),
      timezone: 'America/New_York',
      keyring: api.system.keys.keyring,
      period: readPeriod(period, 'America/New_York'),
      group_by: 'day' as const,
      filters: {},
      most_opened,
      progress: async (done: number, total: number) => void told.push(`${done} of ${total}`),
    })
    await assert.rejects(
      makeReport('patient_statistics', making(4)),
      (error) => error instanceof Problem && error.kind === reportTooLong,
    )
    assert.deepEqual(told, [])
    await makeReport('patient_statistics', making(5))
    assert.deepEqual(told, ['0 of 5', '5 of 5'])
  })
})
