// FA-03 and rows 32 and 33: SIGTERM under load.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, statusOf, until } from '../processes.ts'

let cluster: Cluster
let staying: ServerProcess
let caller: Caller

before(async () => {
  cluster = await startCluster()
  staying = await cluster.serve()
  caller = await signIn(staying.port)
})
after(() => cluster?.stop())

type Outcome = { status: number | 'broken' | 'refused'; correlation_id: string; sent_at: number }

/** One POST by a client that does not heed readiness; `broken` is an answer that was begun, `refused` one that never was. */
function register(port: number, agent: Agent): Promise<Outcome> {
  const correlation_id = randomUUID()
  const body = JSON.stringify({ ...nextPerson(), force: true })
  const headers = {
    authorization: `Bearer ${caller.tokens.access_token}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-correlation-id': correlation_id,
  }
  const sent_at = performance.now()
  return new Promise((resolve) => {
    const tell = (status: Outcome['status']) => resolve({ status, correlation_id, sent_at })
    const sent = request(
      { port, host: '127.0.0.1', agent, method: 'POST', path: '/api/v1/patients', headers },
      (answer) => {
        answer.on('data', () => undefined)
        answer.on('error', () => tell('broken'))
        answer.on('end', () => tell(answer.complete ? (answer.statusCode ?? 'broken') : 'broken'))
      },
    )
    sent.on('error', () => tell('refused'))
    sent.end(body)
  })
}

async function timesDone(correlation_id: string): Promise<number> {
  const [row] = await cluster.rows<{ times: number }>(
    `select count(*)::int as times from audit_logs where action = 'patient.register' and correlation_id = $1`,
    [correlation_id],
  )
  return row?.times ?? -1
}

test('SIGTERM under load withdraws readiness, finishes what is in flight, and ends with 0 in time', async () => {
  const leaving = await cluster.serve()
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const outcomes: Outcome[] = []
  let stopped = false
  const load = Promise.all(
    Array.from({ length: 20 }, async () => {
      while (!stopped) {
        const outcome = await register(leaving.port, agent)
        outcomes.push(outcome)
        if (outcome.status === 'refused') await delay(50)
      }
    }),
  )
  await until('the load runs', () => outcomes.length > 100, 60_000)
  const told_at = performance.now()
  leaving.kill('SIGTERM')
  const { code, signal } = await leaving.ended
  const took_ms = performance.now() - told_at
  stopped = true
  await load
  agent.destroy()

  assert.deepEqual({ code, signal }, { code: 0, signal: null }, leaving.output().slice(-800))
  assert.ok(took_ms <= 30_000)
  const by = Map.groupBy(outcomes, ({ status }) => status)
  assert.deepEqual(
    [...by.keys()].filter((status) => ![201, 503, 'refused'].includes(status)),
    [],
    JSON.stringify([...by].map(([status, of]) => [status, of.length])),
  )
  const acknowledged = by.get(201) ?? []
  assert.ok(acknowledged.length > 50, `${acknowledged.length} were acknowledged`)
  for (const { correlation_id } of acknowledged) assert.equal(await timesDone(correlation_id), 1)
  const refused = [...(by.get(503) ?? []), ...(by.get('refused') ?? [])]
  for (const { correlation_id } of refused) assert.equal(await timesDone(correlation_id), 0)
})

test('a request that is slow when SIGTERM comes is finished, and others are refused meanwhile', async () => {
  const leaving = await cluster.serve()
  const made = JSON.parse((await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })).text) as {
    id: string
  }
  const holder = await cluster.owner.connect()
  try {
    await holder.query('begin')
    await holder.query('select from patients where id = $1 for update', [made.id])
    const slow = caller.at(leaving.port).ask('PATCH', `/api/v1/patients/${made.id}`, { occupation: 'Slow' })
    await until('the request waits for the row', async () => {
      const [row] = await cluster.rows<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock'`,
      )
      return (row?.count ?? 0) > 0
    })
    leaving.kill('SIGTERM')
    await until('readiness is withdrawn', async () => (await statusOf(leaving, '/health/ready')) === 503)
    const refused = await caller.at(leaving.port).ask('GET', `/api/v1/patients/${made.id}`)
    assertStatus(refused, 503)
    assert.equal(refused.headers['connection'], 'close')
    assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
    assert.equal(await statusOf(leaving, '/health/live'), 200)
    assert.equal(leaving.hasEnded(), false)
    await holder.query('commit')
    assertStatus(await slow, 200)
  } finally {
    holder.release()
  }
  assert.deepEqual(await leaving.ended, { code: 0, signal: null })
})

test('for as long as it drains a server says that it is not ready, and answers everyone who comes all the same', async () => {
  const leaving = await cluster.serve({ environment: { OPENWARD_DRAIN_SECONDS: '20' } })
  leaving.kill('SIGTERM')
  await until('readiness is withdrawn', async () => (await statusOf(leaving, '/health/ready')) === 503)
  const answer = await caller.at(leaving.port).ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
  assertStatus(answer, 201)
  assert.equal(answer.headers['connection'], 'close')
  assert.equal(await statusOf(leaving, '/health/ready'), 503)
  assert.equal(leaving.hasEnded(), false)
  const told_again_at = performance.now()
  leaving.kill('SIGTERM')
  assert.deepEqual(await leaving.ended, { code: 0, signal: null })
  assert.ok(performance.now() - told_again_at < 15_000, 'a second signal ends the wait')
})

test('a folder of backups that does not answer withholds neither the word to the balancer nor an answer', async () => {
  const folder = join(cluster.directory, 'hung')
  mkdirSync(folder)
  // Whoever opens it waits for a writer that never comes, as for a share that is gone.
  execFileSync('mkfifo', [join(folder, 'erasures')])
  const leaving = await cluster.serve({
    environment: {
      OPENWARD_BACKUP_DIR: folder,
      OPENWARD_BACKUP_KEY: randomBytes(32).toString('base64'),
      OPENWARD_DRAIN_SECONDS: '5',
    },
  })
  leaving.kill('SIGTERM')
  await until('readiness is withdrawn', async () => (await statusOf(leaving, '/health/ready')) === 503, 4000)
  const answer = await caller.at(leaving.port).ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
  assertStatus(answer, 201)
  assert.deepEqual(await leaving.ended, { code: null, signal: 'SIGKILL' })
  assert.match(leaving.output(), /the folder of backups does not answer/)
})

test('a request that never ends holds a server up for no longer than 30 seconds', async () => {
  const leaving = await cluster.serve()
  const endless = request({
    port: leaving.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/api/v1/patients',
    headers: { authorization: `Bearer ${caller.tokens.access_token}`, 'content-type': 'application/json' },
  })
  const cut = new Promise((resolve) => void endless.on('error', resolve))
  endless.write('{')
  await until('the request is there', () => endless.socket?.connecting === false)
  assert.equal(await statusOf(leaving, '/health/live'), 200)
  const told_at = performance.now()
  leaving.kill('SIGTERM')
  assert.deepEqual(await leaving.ended, { code: 0, signal: null }, leaving.output().slice(-800))
  assert.ok(performance.now() - told_at <= 30_000)
  await cut
})
