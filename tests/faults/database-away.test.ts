// FA-02, rows 12, 13b, 14, 15, 16 and 19: the database is gone, cut off, stopped or busy, and what the server says meanwhile.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import type { ClientAnswer } from '#platform/contract/client.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createColleague, expectStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, signalIfAlive, statusOf, until } from '../processes.ts'
import { type Proxy, startProxy } from './proxy.ts'

// The promise is 2 s; what a busy machine adds to it is not the server's.
const refusal_limit_ms = 4000
const recovery_limit_ms = 10_000
/** What the database is at work on may take its time: a lock is waited for 5 s, a statement for 10 s. */
const silence_limit_ms = 20_000

let cluster: Cluster
let proxy: Proxy
let server: ServerProcess
let caller: Caller
let patient_url: string

before(async () => {
  cluster = await startCluster()
  proxy = await startProxy(cluster.url)
  server = await cluster.serve({ database_url: proxy.urlOf(cluster.url) })
  caller = await signIn(server.port)
  const made = expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true }))
  patient_url = `/api/v1/patients/${(made as { id: string }).id}`
})
after(async () => {
  await cluster?.stop()
  await proxy?.close()
})

afterEach(() => proxy.heal())

const read = () => caller.ask('GET', patient_url)
const change = (occupation: string) => caller.ask('PATCH', patient_url, { occupation })

async function timed(ask: () => Promise<ClientAnswer>): Promise<{ answer: ClientAnswer; took_ms: number }> {
  const started_at = performance.now()
  const answer = await ask()
  return { answer, took_ms: performance.now() - started_at }
}

async function assertRefusedWithin(limit_ms: number): Promise<void> {
  const asked = await Promise.all([read, () => change('Refused'), read, read].map(timed))
  for (const { answer, took_ms } of asked) {
    assertStatus(answer, 503)
    assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
    assert.ok(took_ms <= limit_ms, `refused after ${Math.round(took_ms)} ms`)
  }
}

async function assertRecovered(): Promise<void> {
  const isBack = async () =>
    (await read()).status === 200 &&
    (await change('Recovered')).status === 200 &&
    (await statusOf(server, '/health/ready')) === 200
  await until('everything is answered again', isBack, recovery_limit_ms)
}

async function connectionsIn(state: string): Promise<number> {
  const metrics = (await caller.ask('GET', '/metrics')).text
  return Number(new RegExp(`connections\\{state="${state}"\\} (\\d+)`).exec(metrics)?.[1])
}

/** Twice as many requests at once as there are connections: a leaked one would make the last of them wait in vain. */
async function assertNoLeak(): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 30 }, read))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const open = await connectionsIn('open')
  // The server's own work, which waited for the database as well, may ask at the same moment.
  await until('nobody waits for a connection', async () => (await connectionsIn('waited_for')) === 0)
  assert.ok(open > 0 && open <= 10, `${open} connections are open`)
  assert.equal(server.hasEnded(), false)
}

test('with the database refusing connections, life goes on, readiness and requests are 503 at once, and recovery needs nobody', async () => {
  proxy.refuse()
  assert.equal(await statusOf(server, '/health/live'), 200)
  assert.equal(await statusOf(server, '/health/ready'), 503)
  for (let round = 0; round < 5; round += 1) await assertRefusedWithin(refusal_limit_ms)
  assert.equal(await statusOf(server, '/health/live'), 200)
  proxy.heal()
  await assertRecovered()
  await assertNoLeak()
})

test('with the cable to the database pulled, requests under way are given up in time and the pool is whole when it is back', async () => {
  await assertRecovered()
  proxy.drop()
  await assertRefusedWithin(refusal_limit_ms)
  assert.equal(await statusOf(server, '/health/live'), 200)
  assert.equal(await statusOf(server, '/health/ready'), 503)
  for (let round = 0; round < 5; round += 1) await assertRefusedWithin(refusal_limit_ms)
  proxy.heal()
  await assertRecovered()
  await assertNoLeak()
})

test('a cable pulled exactly at commit is told as an unknown outcome in time, and the repeat with the key tells the truth', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const body = { ...nextPerson(), force: true }
  const register = () => caller.ask('POST', '/api/v1/patients', body, headers)
  const holding = proxy.holdAt('after', 'commit', 'idempotency_keys')
  const answer = timed(register)
  await holding
  proxy.drop()
  const { answer: refusal, took_ms } = await answer
  assertStatus(refusal, 503)
  assert.match(refusal.text, /"outcome_unknown"/)
  assert.match(refusal.headers['retry-after'] ?? '', /^\d+$/)
  assert.ok(took_ms <= refusal_limit_ms, `told after ${Math.round(took_ms)} ms`)
  proxy.heal()
  await assertRecovered()
  const repeat = await register()
  assertStatus(repeat, 201)
  assert.equal(repeat.headers['idempotency-replayed'], 'true')
})

test('a read on connections that the way has forgotten is asked again by itself; a change is told of in time', async () => {
  for (const ask of [read, () => change('Remembered')]) {
    await assertRecovered()
    proxy.forget()
    const { answer, took_ms } = await timed(ask)
    assert.ok(took_ms <= refusal_limit_ms, `told after ${Math.round(took_ms)} ms`)
    if (ask === read) assertStatus(answer, 200)
    else if (answer.status !== 200) {
      assertStatus(answer, 503)
      assert.match(answer.text, /"outcome_unknown"|"unavailable"/)
      assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
    }
    await assertRecovered()
  }
  await assertNoLeak()
})

test('a change that waits for a row for longer than the database may be silent is made all the same', async () => {
  const holder = await cluster.owner.connect()
  try {
    await holder.query('begin')
    await holder.query('select from patients for update')
    const waiting = change('Patient')
    await until('it waits', async () => {
      const [row] = await cluster.rows<{ is_there: boolean }>(
        `select exists (select from pg_stat_activity where wait_event_type = 'Lock'
                           and clock_timestamp() - query_start > interval '3 seconds') as is_there`,
      )
      return row?.is_there ?? false
    })
    await holder.query('rollback')
    assertStatus(await waiting, 200)
  } finally {
    holder.release()
  }
})

test('connections reset while they are idle cost no request', async () => {
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await read()).status, 200)
    assert.ok(proxy.connections() > 0)
    proxy.reset()
    assertStatus(await read(), 200)
    proxy.reset()
    // A read is asked again by itself; a change is not, so it comes after a read that has met what was reset.
    assertStatus(await read(), 200)
    assertStatus(await change(`Round ${round}`), 200)
  }
  await assertNoLeak()
})

test('ten immediate stops of PostgreSQL in a row do not bring the server down', async () => {
  const answers = () =>
    cluster.rows('select 1').then(
      () => true,
      () => false,
    )
  for (let stop = 0; stop < 10; stop += 1) {
    const postmaster = cluster.postmaster()
    if (postmaster) signalIfAlive(postmaster, 'SIGQUIT')
    // The first three find it still starting.
    const isUp = stop < 3 ? () => ![undefined, postmaster].includes(cluster.postmaster()) : answers
    await until('PostgreSQL runs again', isUp, 60_000)
    assert.equal(await statusOf(server, '/health/live'), 200)
    assert.ok([200, 503].includes((await read()).status))
  }
  await until('PostgreSQL runs again', answers, 60_000)
  await assertRecovered()
  await assertNoLeak()
})

test('a backend that is stopped holds up its own requests only', async () => {
  await assertRecovered()
  const [backend] = await cluster.rows<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'openward' and state = 'idle' order by backend_start limit 1`,
  )
  assert.ok(backend)
  signalIfAlive(backend.pid, 'SIGSTOP')
  try {
    const asked = await Promise.all(
      Array.from({ length: 30 }, (_, at) => timed(() => (at % 2 ? read() : change('Meanwhile')))),
    )
    const refused = asked.filter(({ answer }) => answer.status !== 200)
    for (const { answer, took_ms } of refused) {
      assertStatus(answer, 503)
      assert.ok(took_ms <= silence_limit_ms)
    }
    assert.ok(refused.length < 15, `${refused.length} of 30 requests were refused because of one backend`)
  } finally {
    signalIfAlive(backend.pid, 'SIGCONT')
  }
  await assertRecovered()
  await assertNoLeak()
})

test('a row that is locked for long is refused with 503, and other requests go on', async () => {
  const holder = await cluster.owner.connect()
  try {
    await holder.query('begin')
    await holder.query('select from patients for update')
    const blocked = Array.from({ length: 5 }, (_, at) => timed(() => change(`Blocked ${at}`)))
    assert.equal((await read()).status, 200)
    for (const { answer, took_ms } of await Promise.all(blocked)) {
      assertStatus(answer, 503)
      assert.ok(took_ms <= silence_limit_ms)
    }
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  await assertRecovered()
})

test('when every connection is taken, requests are refused in time; health, signing out and the audit log go on', async () => {
  const [nurse, leaver] = [await createColleague(caller, 'nurse'), await createColleague(caller, 'nurse')]
  const holder = await cluster.owner.connect()
  try {
    await holder.query('begin')
    await holder.query('select from patients for update')
    const burst = Array.from({ length: 100 }, (_, at) => timed(() => change(`Burst ${at}`)))
    assert.equal(await statusOf(server, '/health/live'), 200)
    const ready = await statusOf(server, '/health/ready')
    await until('no connection is left', async () => (await connectionsIn('waited_for')) > 0)
    const correlation_id = randomUUID()
    const meanwhile = Promise.all([
      nurse.caller.ask('GET', '/api/v1/users', undefined, { 'x-correlation-id': correlation_id }),
      leaver.caller.ask('POST', '/api/v1/auth/logout'),
    ])
    const [denied, left] = await Promise.race([
      meanwhile,
      Promise.all(burst).then(() => {
        throw new Error('they had to wait until the burst was over')
      }),
    ])
    assertStatus(denied, 403)
    assertStatus(left, 204)
    const [entry] = await cluster.rows('select outcome from audit_logs where correlation_id = $1', [correlation_id])
    assert.deepEqual(entry, { outcome: 'denied' })
    const statuses = await Promise.all(burst)
    assert.deepEqual(new Set(statuses.map(({ answer }) => answer.status)), new Set([503]))
    assert.ok(Math.max(...statuses.map(({ took_ms }) => took_ms)) <= silence_limit_ms)
    assert.equal(ready, 200, 'the health check has a connection of its own')
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  assertStatus(await leaver.caller.ask('GET', '/api/v1/auth/me'), 401)
  await assertRecovered()
  await assertNoLeak()
})
