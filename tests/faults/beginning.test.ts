// Row 12: the database goes away just as the parts of a server begin: they begin again when it is back, and the server serves.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { readConfiguration } from '#platform/configuration.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { createLog } from '#platform/logging.ts'
import { type App, buildApp } from '../../server/app.ts'
import { openSystem, type OpenSystem } from '../../server/system.ts'
import { createTestDatabase, dropTestDatabase, testMasterKey } from '../../server/testing.ts'
import { until } from '../processes.ts'
import { type Proxy, startProxy } from './proxy.ts'

let owner_url: string
let data_directory: string
let proxy: Proxy
let system: OpenSystem
let app: App
const warnings: string[] = []

before(async () => {
  owner_url = await createTestDatabase()
  data_directory = mkdtempSync(join(tmpdir(), 'openward-beginning-'))
  proxy = await startProxy(owner_url)
  const log = createLog('warn', { write: (line) => void warnings.push(line) })
  system = await openSystem({
    configuration: { ...readConfiguration({ OPENWARD_RATE_LIMIT: 'off', LOG_LEVEL: 'silent' }), data_directory },
    keyring: parseMasterKeys(testMasterKey),
    owner_url: proxy.urlOf(owner_url),
    log,
    migrated: true,
    unsafe_fsync_off: true,
  })
  app = await buildApp(system)
})
after(async () => {
  proxy?.heal()
  await app?.stop()
  await system?.close()
  await proxy?.close()
  await dropTestDatabase(owner_url)
  rmSync(data_directory, { recursive: true, force: true })
})

const retries = () => warnings.filter((line) => line.includes('a part could not begin while the database was away'))

async function jobsRun(): Promise<boolean> {
  const owner = new pg.Client({ connectionString: owner_url })
  await owner.connect()
  try {
    const { rows } = await owner.query<{ done: number }>(
      `select count(*)::int as done from pgboss.job where state = 'completed'`,
    )
    return (rows[0]?.done ?? 0) > 0
  } finally {
    await owner.end()
  }
}

test('parts that begin while the database is away begin again, and work when it is back', async () => {
  proxy.refuse()
  let has_started = false
  const started = app.start().then(() => (has_started = true))
  await until('parts were tried again', () => retries().length >= 2)
  assert.equal(has_started, false)
  assert.equal((await app.http.inject('/health/live')).statusCode, 200)
  assert.equal((await app.http.inject('/health/ready')).statusCode, 503)

  proxy.heal()
  await started
  await until('jobs are done', jobsRun)
  const ready = await app.http.inject('/health/ready')
  assert.equal(ready.statusCode, 200, ready.body)
  for (const [name, { status }] of Object.entries(ready.json<{ parts: Record<string, { status: string }> }>().parts))
    assert.ok(['ok', 'degraded'].includes(status), `${name} is ${status}`)
})
