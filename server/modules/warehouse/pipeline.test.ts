// The pipeline behind a run, against a stand-in for Azure Data Factory: begun once, followed to its end, tried again, left alone where it fails.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { openJobs } from '#platform/jobs/jobs.ts'
import type { Person } from '../../testing.ts'
import { address, startDataFactoryStandIn } from './data-factory-stand-in.testing.ts'
import { openPipeline, type Pipeline } from './pipeline.ts'
import { followPipeline } from './pipeline.service.ts'
import { pipelineUnavailable, warehouseApi } from './warehouse.contract.ts'
import { exportTo, memoryTree, startWarehouse } from './warehouse.testing.ts'
import { pipelineWork } from './work.ts'

let place: Awaited<ReturnType<typeof startWarehouse>>
let factory: Awaited<ReturnType<typeof startDataFactoryStandIn>>
let admin: Person
let pipeline: Pipeline
before(async () => {
  place = await startWarehouse({ pipeline: address })
  factory = await startDataFactoryStandIn()
  admin = await place.api.person('admin')
})
after(async () => {
  await factory?.[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})
beforeEach(() => {
  factory.become('well')
  factory.runs.length = 0
  pipeline = openPipeline(address, factory.options)
})

const tree = memoryTree()
const follow = (run_id: string, attempt = 1) => followPipeline(place.api.system, pipeline, run_id, { attempt })
const read = async (run_id: string) => (await admin.call(warehouseApi.read, { params: { run_id } })).pipeline
const isUnavailable = (error: unknown) => error instanceof Problem && error.kind === pipelineUnavailable
const waiting = async (run_id: string) =>
  (
    await place.api.rows(
      sql`select id from pgboss.job where name = ${pipelineWork.name} and singleton_key = ${run_id} and state = 'created'`,
    )
  ).length
const forget = () => place.api.rows(sql`delete from pgboss.job_common where name = ${pipelineWork.name}`)

describe('the pipeline behind a run', () => {
  it('is ordered with its end, begun with what it has to know, and followed to its own', async () => {
    const { run_id, run, generation } = await exportTo(place.api, tree)
    assert.deepEqual(await read(run_id), { status: 'waiting', run_id: null, failure: null, ended_at: null })
    assert.equal(await waiting(run_id), 1)
    await forget()
    await follow(run_id)
    const [begun] = factory.runs
    assert.deepEqual(begun?.parameters, {
      openward_run_id: run_id,
      generation,
      run,
      manifest: `manifests/run=${String(run).padStart(8, '0')}.json`,
    })
    assert.equal((await read(run_id))?.status, 'running')
    assert.equal(await waiting(run_id), 1, 'it is looked at again')
    await follow(run_id)
    assert.equal(factory.runs.length, 1)
    if (begun) begun.status = 'Succeeded'
    await follow(run_id)
    const ended = await read(run_id)
    assert.deepEqual([ended?.status, ended?.run_id, ended?.failure], ['succeeded', begun?.runId, null])
    await follow(run_id)
    assert.equal(factory.runs.length, 1)
  })

  it('is begun once, also where the answer to its beginning was lost', async () => {
    const { run_id } = await exportTo(place.api, tree)
    factory.become('loses_answers')
    await assert.rejects(follow(run_id), isUnavailable)
    assert.equal(factory.runs.length, 1)
    factory.become('well')
    await follow(run_id, 2)
    assert.deepEqual([factory.runs.length, (await read(run_id))?.run_id], [1, factory.runs[0]?.runId])
  })

  it('that does not succeed is told, and is no failure of the run', async () => {
    for (const [status, told] of [
      ['Failed', 'failed'],
      ['Cancelled', 'cancelled'],
    ] as const) {
      const { run_id } = await exportTo(place.api, tree)
      await follow(run_id)
      const begun = factory.runs.at(-1)
      if (begun) begun.status = status
      await follow(run_id)
      const run = await admin.call(warehouseApi.read, { params: { run_id } })
      assert.deepEqual(
        [run.status, run.pipeline?.status, run.pipeline?.failure],
        ['finished', told, `pipeline_${told}`],
      )
    }
  })

  it('is given up after the last attempt, with a code', async () => {
    const { run_id } = await exportTo(place.api, tree)
    factory.become('refuses')
    await assert.rejects(follow(run_id, pipelineWork.retry.limit + 1), isUnavailable)
    const ended = await read(run_id)
    assert.deepEqual([ended?.status, ended?.failure], ['failed', 'warehouse_pipeline_unavailable'])
  })

  it('is tried again after ten to twenty seconds, then after twice as long each time, up to ten minutes', async () => {
    const { pool, log } = place.api.system
    const jobs = openJobs({ pool, log, poll_seconds: 0.5 })
    jobs.work(pipelineWork, () => Promise.reject(new Error('away')))
    const run_id = randomUUID()
    await forget()
    await place.api.database.once((tx) => enqueueJob(tx, pipelineWork, { run_id }, { key: run_id }))
    await jobs.start()
    const waits: number[] = []
    try {
      while (waits.length < 8) {
        const [row] = await place.api.rows(
          sql<{ seconds: number }>`
            update pgboss.job_common j set start_after = now()
              from (select id, extract(epoch from start_after - now())::float8 as seconds from pgboss.job_common) as before
             where j.id = before.id and name = ${pipelineWork.name} and state = 'retry' and retry_count = ${waits.length} and before.seconds > 0
            returning before.seconds`,
        )
        if (row) waits.push(row.seconds)
        else await delay(20)
      }
    } finally {
      await jobs.stop()
      await forget()
    }
    const { delay_seconds, delay_max_seconds } = pipelineWork.retry
    for (const [at, waited] of waits.entries()) {
      const least = Math.min(delay_max_seconds, delay_seconds * 2 ** at)
      // Some of it has passed before it was looked at.
      assert.ok(waited > least - 5 && waited <= Math.min(delay_max_seconds, 2 * least), `${at}: ${waits.join(' ')}`)
    }
    assert.ok((waits.at(-1) ?? 0) > 590)
  })

  it('is left alone for a while once it has failed five times in a row, then asked by one', async () => {
    let now_ms = 0
    const patient = openPipeline(address, { ...factory.options, circuit: { now_ms: () => now_ms } })
    factory.become('refuses')
    for (let at = 0; at < 5; at += 1) await assert.rejects(patient.statusOf('x'), isUnavailable)
    const asked = factory.asked.length
    await assert.rejects(patient.statusOf('x'), isUnavailable)
    assert.equal(factory.asked.length, asked, 'nobody was asked')
    now_ms = 60_001
    factory.become('well')
    const id = await patient.begin({ openward_run_id: 'x', generation: 1, run: 1, manifest: 'm' })
    assert.equal(await patient.statusOf(id), 'running')
  })
})
