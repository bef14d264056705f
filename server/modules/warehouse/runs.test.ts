// Runs as they are ordered and followed: by an administrator, by the clock, because somebody was erased.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { StorageUnavailable } from '#platform/storage/failures.ts'
import { eraseAgain } from '#modules/patients'
import { type Person, refusedWith } from '../../testing.ts'
import { doRun, orderWhenDue, runNow } from './run.service.ts'
import { runUnderway, warehouseApi, warehouseUnavailable } from './warehouse.contract.ts'
import { exportTo, memoryTree, startWarehouse } from './warehouse.testing.ts'
import { exportWork } from './work.ts'

let place: Awaited<ReturnType<typeof startWarehouse>>
let admin: Person
before(async () => {
  place = await startWarehouse({ every_hours: 24 })
  admin = await place.api.person('admin')
  for (let at = 0; at < 3; at += 1) await place.api.patient()
})
after(() => place[Symbol.asyncDispose]())

const { signal } = new AbortController()
const order = (full = false) => admin.call(warehouseApi.create, { body: { full } })
const read = (run_id: string) => admin.call(warehouseApi.read, { params: { run_id } })
const queued = async (id: string) =>
  (
    await place.api.rows<{ data: object }>(
      sql`select data from pgboss.job where name = ${exportWork.name} and singleton_key = ${id} and state = 'created'`,
    )
  ).map(({ data }) => data)
const forget = () => place.api.rows(sql`delete from pgboss.job_common where name = ${exportWork.name}`)

describe('a run that is ordered', () => {
  it('is put in with its order, one at a time, written by the job, and told with what it wrote', async () => {
    const ordered = await order()
    assert.deepEqual(
      [ordered.status, ordered.is_full, ordered.tables, ordered.created_by],
      ['waiting', null, null, admin.user_id],
    )
    assert.deepEqual(await queued(ordered.id), [{ run_id: ordered.id }])
    await assert.rejects(order(), refusedWith(runUnderway))
    await doRun(place.api.system, place.tree, ordered.id, { attempt: 1, signal })
    const run = await read(ordered.id)
    assert.deepEqual(
      [run.status, run.is_full, run.reason, run.tables_done, run.tables_total],
      ['finished', true, 'first', 13, 13],
    )
    assert.equal(run.tables?.find(({ table }) => table === 'dim_patient')?.rows, 3)
    assert.equal(
      run.rows_written,
      run.tables?.reduce((sum, { rows }) => sum + rows, 0),
    )
    const audited = await place.api.rows<{ action: string; user_id: string | null }>(
      sql`select action, user_id from audit_logs where resource_id = ${ordered.id} order by id`,
    )
    assert.deepEqual(audited, [
      { action: 'warehouse.order', user_id: admin.user_id },
      { action: 'warehouse.export', user_id: null },
    ])
    // Again, by a server that was thought to be dead: nothing more is written.
    await doRun(place.api.system, place.tree, ordered.id, { attempt: 2, signal })
    assert.deepEqual(await read(ordered.id), run)
    const second = await order(true)
    await doRun(place.api.system, place.tree, second.id, { attempt: 1, signal })
    const { items, total } = await admin.call(warehouseApi.list, { query: { limit: '1' } })
    assert.deepEqual([items.map(({ id, reason }) => [id, reason]), total], [[[second.id, 'asked']], 2])
    const failed = await admin.call(warehouseApi.list, { query: { status: 'failed' } })
    assert.deepEqual([failed.items, failed.total], [[], 0])
    await assert.rejects(read(admin.user_id), refusedWith(notFound))
  })

  it('is for who may export', async () => {
    for (const role of ['doctor', 'nurse', 'staff', 'patient', 'auditor']) {
      const other = await place.api.person(role)
      await assert.rejects(other.call(warehouseApi.create, { body: {} }), refusedWith(forbidden))
      await assert.rejects(other.call(warehouseApi.list, { query: {} }), refusedWith(forbidden))
    }
  })

  it('is failed with a code when the last attempt was in vain, and the next begins as ever', async () => {
    const { id } = await order()
    const away = { ...memoryTree(), put: () => Promise.reject(new StorageUnavailable('away')) }
    const isUnavailable = (error: unknown) => error instanceof Problem && error.kind === warehouseUnavailable
    await assert.rejects(doRun(place.api.system, away, id, { attempt: 1, signal }), isUnavailable)
    assert.equal((await read(id)).status, 'running')
    const last = exportWork.retry.limit + 1
    await assert.rejects(doRun(place.api.system, away, id, { attempt: last, signal }), isUnavailable)
    const { status, failure } = await read(id)
    assert.deepEqual([status, failure], ['failed', 'warehouse_unavailable'])
    const next = await order()
    await doRun(place.api.system, place.tree, next.id, { attempt: 1, signal })
    assert.equal((await read(next.id)).reason, 'changes')
  })

  it('stands in the way of no other once its process and its job are gone', async () => {
    const { id } = await order()
    await forget()
    await assert.rejects(order(), refusedWith(runUnderway), 'it may be written by the command line')
    await place.api.rows(sql`update warehouse_runs set touched_at = now() - interval '6 minutes' where id = ${id}`)
    const next = await order()
    assert.deepEqual([(await read(id)).failure, (await read(next.id)).status], ['server_died', 'waiting'])
    await doRun(place.api.system, place.tree, next.id, { attempt: 1, signal })
  })
})

describe('a run of the command line', () => {
  it('is written at once; under a new key everything is, with other pseudonyms', async () => {
    const before_it = await exportTo(place.api, place.tree)
    const told: string[] = []
    const tell = (table: string) => void told.push(table)
    const run = await runNow(place.api.system, place.tree, { full: false, new_key: true, signal, tell })
    assert.deepEqual([run.status, run.reason, run.is_full, told.length], ['finished', 'key', true, 13])
    const after_it = await exportTo(place.api, place.tree, { full: true })
    assert.notEqual(after_it.source.key_id, before_it.source.key_id)
    assert.notDeepEqual(after_it.tables['dim_patient']?.files, before_it.tables['dim_patient']?.files)
  })
})

describe('the schedule', () => {
  const age = (hours: number) =>
    place.api.rows(sql`update warehouse_runs set created_at = now() - ${hours} * interval '1 hour'`)
  const runs = async () =>
    place.api.rows<{ id: string; status: string }>(sql`select id, status from warehouse_runs where status = 'waiting'`)
  const finish = async () => {
    for (const { id } of await runs()) await doRun(place.api.system, place.tree, id, { attempt: 1, signal })
  }

  it('puts a run in when it is time, and none beside one that is open', async () => {
    await forget()
    await age(23)
    assert.equal(await orderWhenDue(place.api.system), undefined)
    await age(24)
    assert.equal(await orderWhenDue(place.api.system), 'schedule')
    const [run] = await runs()
    assert.deepEqual(await queued(run?.id ?? ''), [{ run_id: run?.id }])
    await age(24)
    assert.equal(await orderWhenDue(place.api.system), undefined)
    await finish()
  })

  it('puts one in as soon as somebody was erased, and again while removing what was written has failed', async () => {
    await age(1)
    assert.equal(await orderWhenDue(place.api.system), undefined)
    await eraseAgain(place.api.system, [await place.api.patient()])
    assert.equal(await orderWhenDue(place.api.system), 'erasure')
    const [run] = await runs()
    const stuck = { ...place.tree, remove: () => Promise.reject(new StorageUnavailable('away')) }
    await assert.rejects(doRun(place.api.system, stuck, run?.id ?? '', { attempt: 1, signal }))
    await forget()
    assert.equal(await orderWhenDue(place.api.system), 'sweep')
    assert.deepEqual(await queued(run?.id ?? ''), [{ run_id: run?.id }])
    await doRun(place.api.system, place.tree, run?.id ?? '', { attempt: 1, signal })
    await forget()
    assert.equal(await orderWhenDue(place.api.system), undefined)
  })
})
