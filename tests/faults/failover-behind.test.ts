// An asynchronous standby that had not received everything is promoted: what was acknowledged meanwhile is gone, and the server that meets
// it says so by itself.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { readPublishedRoots } from '#platform/audit/publish.ts'
import { type Caller, signIn } from '../caller.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { runOpenward, type ServerProcess, startServer, stopServer, until, untilReady } from '../processes.ts'
import { type Pair, startPair } from '../standby.ts'
import { type Proxy, startProxy } from './proxy.ts'

let pair: Pair
/** What servers know, and what leads to another machine afterwards. */
let address: Proxy
let environment: Record<string, string>
let data_directory: string
let server: ServerProcess
let caller: Caller

before(async () => {
  pair = await startPair('async')
  address = await startProxy(pair.primary.url)
  environment = {
    DATABASE_URL: address.urlOf(pair.primary.url),
    OPENWARD_MASTER_KEY: randomBytes(32).toString('base64'),
    LOG_LEVEL: 'warn',
  }
  data_directory = join(pair.directory, 'server')
  mkdirSync(data_directory)
  server = await startServer({ data_directory, environment })
  caller = await signIn(server.port)
})
after(async () => {
  await stopServer(server)
  await address?.close()
  await pair?.stop()
})

async function register(): Promise<string> {
  const answer = await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
  return z.object({ id: z.string() }).parse(expectStatus(201, answer)).id
}
const statusOf = async (patient_id: string) => (await caller.ask('GET', `/api/v1/patients/${patient_id}`)).status

async function sealedAt({ rows }: Pair['primary']): Promise<number> {
  const [row] = await rows<{ size: number }>('select coalesce(max(tree_size), 0)::int as size from audit_roots')
  return row?.size ?? 0
}

const Ready = z.object({
  parts: z.object({ audit_log: z.object({ status: z.string(), detail: z.string().optional() }) }),
})
async function auditLogPart() {
  const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`)
  return Ready.parse(await answer.json()).parts.audit_log
}

test('what an asynchronous standby had not received is lost, and the server that meets it says so and seals no further until it is told to', async () => {
  const kept = await register()
  const [{ at }] = (await pair.primary.rows<{ at: string }>('select pg_current_wal_flush_lsn()::text as at')) as [
    { at: string },
  ]
  await until('the standby has it', async () => {
    const [row] = await pair.standby.rows<{ has: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as has', [
      at,
    ])
    return row?.has === true
  })
  await pair.standby.rows(`alter system set primary_conninfo = ''`)
  await pair.standby.rows('select pg_reload_conf()')
  await until('it receives nothing more', async () => {
    return (await pair.standby.rows('select from pg_stat_wal_receiver')).length === 0
  })
  const lost = await register()
  assert.equal(await statusOf(lost), 200)
  const received = await sealedAt(pair.standby)
  // Published too: of a root that died with the primary there would be no evidence.
  await until('more is sealed than the standby knows', async () => {
    const published = await readPublishedRoots(join(data_directory, 'audit', 'roots.txt'))
    return published.some(({ tree_size }) => tree_size > received)
  })
  assert.deepEqual(await auditLogPart(), { status: 'ok' })

  await pair.primary.kill()
  address.refuse()
  await pair.standby.rows('select pg_promote(true, 60)')
  address.lead(pair.standby.url)
  address.heal()
  await untilReady(server)
  assert.deepEqual([await statusOf(kept), await statusOf(lost)], [200, 404])
  await until('the server has noticed', async () => (await auditLogPart()).status === 'degraded')
  assert.match((await auditLogPart()).detail ?? '', /^The audit log does not continue what was sealed before: /)
  assertStatus(await caller.ask('GET', `/api/v1/patients/${await register()}`), 200)
  assert.equal(await sealedAt(pair.standby), received)

  const there = { data_directory, environment: { ...environment, DATABASE_URL: pair.standby.url } }
  const proof = await runOpenward(there, 'audit', 'verify', '--outside', join(data_directory, 'audit', 'roots.txt'))
  assert.notEqual(proof.code, 0)
  assert.match(proof.output, /cut off: a signed root counts \d+ entries, and the log ends after \d+/)

  // As the guide has it: the file is evidence, and sealing goes on from what there is.
  const roots = join(data_directory, 'audit', 'roots.txt')
  renameSync(roots, `${roots}.before`)
  await until('it is sealed again', async () => (await sealedAt(pair.standby)) > received)
  await until('the server is content', async () => (await auditLogPart()).status === 'ok')
  const again = await runOpenward(there, 'audit', 'verify', '--outside', roots)
  assert.equal(again.code, 0, again.output)
})
