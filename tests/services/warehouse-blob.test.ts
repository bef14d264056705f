// The warehouse in Azure Data Lake Storage, by its Blob API and against Azurite: the same files as anywhere, and nothing half while it is away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readConfiguration } from '#platform/configuration.ts'
import { Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { ContentMissing } from '#platform/storage/failures.ts'
import { openTree } from '#platform/storage/tree.ts'
import { doRun } from '../../server/modules/warehouse/run.service.ts'
import { findStanding, verifyStanding } from '../../server/modules/warehouse/standing.ts'
import { warehouseUnavailable } from '../../server/modules/warehouse/warehouse.contract.ts'
import { aPast, exportTo, memoryTree, putRun } from '../../server/modules/warehouse/warehouse.testing.ts'
import { startTestApi, type TestApi } from '../../server/testing.ts'
import { account, type Azurite, startAzurite } from './azurite.ts'

let azurite: Azurite
let api: TestApi
let place: ReturnType<typeof placeOf>

/** As the variables say it. */
function placeOf(connection: string) {
  const { warehouse } = readConfiguration({
    WAREHOUSE_URL: `abfss://analysts@${account}.dfs.core.windows.net/hospital/north`,
    AZURE_STORAGE_CONNECTION_STRING: connection,
  })
  return warehouse.place
}

before(async () => {
  azurite = await startAzurite('analysts')
  place = placeOf(azurite.connection_string)
  api = await startTestApi()
  await aPast(api)
})
after(async () => {
  await api?.[Symbol.asyncDispose]()
  await azurite[Symbol.asyncDispose]()
})

test('a connection string of another account is not used for the warehouse', () => {
  assert.ok('account' in placeOf('DefaultEndpointsProtocol=https;AccountName=documents;AccountKey=eA==;'))
  const other = placeOf('DefaultEndpointsProtocol=https;AccountName=documents;AccountKey=eA==;')
  assert.equal('connection_string' in other && other.connection_string, undefined)
  assert.ok('path' in place && place.path === 'hospital/north' && place.connection_string !== undefined)
})

test('a file is written whole, created once, and gone when it is removed', async () => {
  const tree = openTree(place)
  await tree.put('data/one.parquet', Buffer.from('first'))
  await tree.put('data/one.parquet', Buffer.from('second'))
  assert.equal((await tree.read('data/one.parquet')).toString(), 'second')
  const made = await Promise.all(['a', 'b', 'c'].map((text) => tree.create('manifests/x.json', Buffer.from(text))))
  assert.equal(made.filter(Boolean).length, 1)
  assert.deepEqual(await Array.fromAsync(tree.list('data')), ['data/one.parquet'])
  for (const path of ['data/one.parquet', 'data/one.parquet', 'manifests/x.json']) await tree.remove(path)
  await assert.rejects(tree.read('data/one.parquet'), ContentMissing)
  assert.deepEqual(await Array.fromAsync(tree.list('data')), [])
  await assert.rejects(tree.put('../elsewhere', Buffer.from('x')), RangeError)
})

test('runs write there what they write anywhere, and what is there is what the manifests say', async () => {
  const tree = openTree(place)
  const there = await exportTo(api, tree)
  const here = await exportTo(api, memoryTree(), { full: true })
  assert.deepEqual(
    there.tables.fact_visit?.files.map(({ sha256 }) => sha256),
    here.tables.fact_visit?.files.map(({ sha256 }) => sha256),
  )
  await api.rows(sql`update departments set name = name || '.'`)
  const next = await exportTo(api, tree)
  assert.deepEqual([next.reason, next.tables.dim_department?.rows], ['changes', 2])
  const { files, missing, altered } = await verifyStanding(tree)
  assert.ok(files > 10)
  assert.deepEqual([missing, altered], [[], []])
})

test('while it is away a run waits to be tried again, and then writes what it would have', async () => {
  const tree = openTree(place)
  await api.rows(sql`update departments set name = name || '.'`)
  const id = await putRun(api)
  const attempt = { attempt: 1, signal: new AbortController().signal }
  await azurite.goAway()
  assert.equal((await tree.check()).status, 'degraded')
  await assert.rejects(
    doRun(api.system, tree, id, attempt),
    (error) => error instanceof Problem && error.kind === warehouseUnavailable,
  )
  await azurite.comeBack()
  await doRun(api.system, tree, id, { ...attempt, attempt: 2 })
  const { newest } = await findStanding(tree)
  assert.deepEqual([newest?.run_id, newest?.reason, newest?.tables.dim_department?.rows], [id, 'changes', 2])
  assert.equal((await tree.check()).status, 'ok')
})
