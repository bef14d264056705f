// The warehouse in Azure Data Lake Storage, by its Blob API and against Azurite: the same files as anywhere, and nothing half while it is away.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BlobServiceClient } from '@azure/storage-blob'
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
import { freePort, until } from '../processes.ts'

const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
const account = 'devstoreaccount1'
/** Azurite's own, which everybody knows. */
const account_key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

let directory: string
let azurite: ChildProcess
let api: TestApi
let port: number
let place: ReturnType<typeof placeOf>

/** As the variables say it. */
function placeOf(connection: string) {
  const { warehouse } = readConfiguration({
    WAREHOUSE_URL: `abfss://analysts@${account}.dfs.core.windows.net/hospital/north`,
    AZURE_STORAGE_CONNECTION_STRING: connection,
  })
  return warehouse.place
}

async function startAzurite() {
  const options = [
    '--blobPort',
    String(port),
    '--location',
    directory,
    '--silent',
    '--skipApiVersionCheck',
    '--disableTelemetry',
  ]
  azurite = spawn(process.execPath, [program, ...options], { stdio: 'ignore' })
  await until(
    'Azurite answers',
    async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined,
  )
}

async function stopAzurite() {
  // Asked to, it writes down what it holds.
  azurite.kill('SIGINT')
  if (azurite.exitCode === null && azurite.signalCode === null) await once(azurite, 'close')
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'openward-azurite-'))
  port = await freePort()
  const connection = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${account_key};BlobEndpoint=http://127.0.0.1:${port}/${account};`
  place = placeOf(connection)
  await startAzurite()
  await BlobServiceClient.fromConnectionString(connection).getContainerClient('analysts').create()
  api = await startTestApi()
  await aPast(api)
})
after(async () => {
  await api?.[Symbol.asyncDispose]()
  await stopAzurite()
  rmSync(directory, { recursive: true, force: true })
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
  await stopAzurite()
  assert.equal((await tree.check()).status, 'degraded')
  await assert.rejects(
    doRun(api.system, tree, id, attempt),
    (error) => error instanceof Problem && error.kind === warehouseUnavailable,
  )
  await startAzurite()
  await doRun(api.system, tree, id, { ...attempt, attempt: 2 })
  const { newest } = await findStanding(tree)
  assert.deepEqual([newest?.run_id, newest?.reason, newest?.tables.dim_department?.rows], [id, 'changes', 2])
  assert.equal((await tree.check()).status, 'ok')
})
