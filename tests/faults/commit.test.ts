// Rows 1, 2, 3, 4, 13, 15 and 33: a server killed, stopped or cut off at each moment of a write, and what a repeat is told.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { ClientAnswer } from '#platform/contract/client.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, statusOf, until } from '../processes.ts'
import { type Held, type Moment, type Proxy, startProxy } from './proxy.ts'

let cluster: Cluster
let proxy: Proxy
/** Reaches the database through the proxy, and is what the faults happen to. */
let struck: ServerProcess
let caller: Caller

before(async () => {
  cluster = await startCluster()
  proxy = await startProxy(cluster.url)
  struck = await cluster.serve({ database_url: proxy.urlOf(cluster.url) })
  const other = await cluster.serve()
  caller = await signIn(other.port)
})
after(async () => {
  await cluster?.stop()
  await proxy?.close()
})

type Registration = { body: ReturnType<typeof nextPerson>; key: string }
const newRegistration = (): Registration => ({ body: nextPerson(), key: randomUUID() })

function register(at: Caller, { body, key }: Registration): Promise<ClientAnswer | undefined> {
  const headers = { 'idempotency-key': key, 'x-correlation-id': key }
  return at.ask('POST', '/api/v1/patients', { ...body, force: true }, headers).catch(() => undefined)
}

/** How often it was done, as the audit log says, which commits with it; that it was shown again is no doing. */
async function timesDone({ key }: Pick<Registration, 'key'>): Promise<number> {
  const [row] = await cluster.rows<{ times: number }>(
    `select count(*)::int as times from audit_logs
      where action = 'patient.register' and correlation_id = $1 and details->'replayed' is null`,
    [key],
  )
  return row?.times ?? -1
}

/** PostgreSQL commits a moment after it was sent the statement, whose answer is held. */
async function untilDone({ key }: Pick<Registration, 'key'>): Promise<void> {
  await until('the write is committed', async () => (await timesDone({ key })) > 0)
}

async function restartStruck(): Promise<void> {
  struck.kill('SIGKILL')
  await struck.ended
  struck = await cluster.serve({ database_url: proxy.urlOf(cluster.url) })
}

/** A registration at the struck server, held at a statement of its transaction. */
async function held(registration: Registration, moment: Moment, text: string, within?: string) {
  const holding = proxy.holdAt(moment, text, within)
  const answer = register(caller.at(struck.port), registration)
  return { answer, connection: await heldBefore(holding, answer) }
}

/** @throws when the answer comes first: then nothing was held */
async function heldBefore(holding: Promise<Held>, answer: Promise<ClientAnswer | undefined>): Promise<Held> {
  const answered = answer.then((early) => {
    throw new Error(`answered before it was held: ${early?.status} ${early?.text}`)
  })
  return Promise.race([holding, answered])
}

type Fault = { name: string; hold: [moment: Moment, text: string, within?: string]; times_done: 0 | 1 }
const moments: Fault[] = [
  // That of a request: the server's own work begins transactions, too, and enters them as no user.
  { name: 'before its transaction begins', hold: ['before', 'begin', 'openward.enter('], times_done: 0 },
  { name: 'inside its transaction', hold: ['before', 'update idempotency_keys'], times_done: 0 },
  { name: 'before its commit', hold: ['before', 'commit', 'idempotency_keys'], times_done: 0 },
  { name: 'after its commit and before the answer', hold: ['after', 'commit', 'idempotency_keys'], times_done: 1 },
]

for (const { name, hold, times_done } of moments) {
  test(`a server killed ${name} leaves the write ${times_done ? 'whole' : 'undone'}, and a repeat with the key does it once`, async () => {
    const registration = newRegistration()
    const { answer, connection } = await held(registration, ...hold)
    if (times_done) await untilDone(registration)
    struck.kill('SIGKILL')
    await struck.ended
    connection.cut()
    assert.equal(await answer, undefined)
    assert.equal(await timesDone(registration), times_done)

    const repeat = await register(caller, registration)
    assertStatus(repeat, 201)
    assert.equal(repeat.headers['idempotency-replayed'], times_done ? 'true' : undefined)
    const again = await register(caller, registration)
    assert.deepEqual([again?.status, again?.text], [repeat.status, repeat.text])
    assert.equal(await timesDone(registration), 1)
    await restartStruck()
  })

  test(`a database connection broken ${name} is told as 503, and a repeat with the key tells the truth`, async () => {
    const registration = newRegistration()
    const { answer, connection } = await held(registration, ...hold)
    if (times_done) await untilDone(registration)
    connection.cut()
    const refusal = await answer
    assertStatus(refusal, 503)
    assert.ok(refusal.headers['retry-after'])
    if (hold[1] === 'commit') assert.match(refusal.text, /"outcome_unknown"/)
    assert.equal(await timesDone(registration), times_done)

    const repeat = await register(caller.at(struck.port), registration)
    assertStatus(repeat, 201)
    assert.equal(await timesDone(registration), 1)
  })
}

test('a write without a key whose connection breaks at commit is told that its outcome is unknown', async () => {
  const correlation_id = randomUUID()
  const holding = proxy.holdAt('after', 'insert into patients')
  const answer = caller
    .at(struck.port)
    .ask('POST', '/api/v1/patients', { ...nextPerson(), force: true }, { 'x-correlation-id': correlation_id })
  const connection = await heldBefore(holding, answer)
  await untilDone({ key: correlation_id })
  connection.cut()
  const refusal = await answer
  assertStatus(refusal, 503)
  assert.match(refusal.text, /"outcome_unknown"/)
})

test('a server that is told to end and then killed while it writes has done it once, or not at all', async () => {
  const registration = newRegistration()
  const { connection } = await held(registration, 'after', 'commit', 'idempotency_keys')
  await untilDone(registration)
  struck.kill('SIGTERM')
  await until('the server drains', async () => (await statusOf(struck, '/health/ready')) !== 200)
  struck.kill('SIGKILL')
  await struck.ended
  connection.cut()
  const repeat = await register(caller, registration)
  assertStatus(repeat, 201)
  assert.equal(repeat.headers['idempotency-replayed'], 'true')
  assert.equal(await timesDone(registration), 1)
  await restartStruck()
})

test('a refresh whose answer is lost with its server gives the same successor at another', async () => {
  const { tokens } = await signIn(caller.port)
  const refresh = (port: number) =>
    caller.at(port).ask('POST', '/api/v1/auth/refresh', { refresh_token: tokens.refresh_token })
  const holding = proxy.holdAt('after', 'commit', 'update refresh_tokens set spent_at')
  const lost = refresh(struck.port).catch(() => undefined)
  const connection = await heldBefore(holding, lost)
  await until('the rotation is committed', async () => {
    const [row] = await cluster.rows<{ spent: boolean }>(
      'select exists (select from refresh_tokens where successor_hash is not null) as spent',
    )
    return row?.spent ?? false
  })
  struck.kill('SIGKILL')
  await struck.ended
  connection.cut()
  assert.equal(await lost, undefined)
  const [first, second] = [await refresh(caller.port), await refresh(caller.port)]
  assertStatus(first, 200)
  assert.equal(JSON.parse(first.text).refresh_token, JSON.parse(second.text).refresh_token)
  await restartStruck()
})

test('a server stopped in mid-transaction delays nobody for long, and does not commit late when it goes on', async () => {
  const registration = newRegistration()
  const stopped = newRegistration()
  const made = JSON.parse((await register(caller, registration))?.text ?? '{}') as { id: string }
  const patch = (at: Caller, occupation: string, correlation_id: string) =>
    at.ask('PATCH', `/api/v1/patients/${made.id}`, { occupation }, { 'x-correlation-id': correlation_id })
  const holding = proxy.holdAt('after', 'select from patients where id = $1 for update')
  const late = patch(caller.at(struck.port), 'Late', stopped.key)
  await heldBefore(holding, late)
  await until('its transaction holds the row', async () => {
    const [row] = await cluster.rows<{ is_there: boolean }>(
      `select exists (select from pg_stat_activity where state = 'idle in transaction') as is_there`,
    )
    return row?.is_there ?? false
  })
  struck.kill('SIGSTOP')

  const blocked = await patch(caller, 'Early', randomUUID())
  assertStatus(blocked, 503)
  assert.equal((await register(caller, newRegistration()))?.status, 201, 'other records are not blocked')
  await until(
    'the row is free again',
    async () => (await patch(caller, 'In time', randomUUID())).status === 200,
    40_000,
  )
  struck.kill('SIGCONT')
  assert.ok([503, undefined].includes((await late.catch(() => undefined))?.status))
  const [row] = await cluster.rows<{ times: number }>(
    'select count(*)::int as times from audit_logs where correlation_id = $1',
    [stopped.key],
  )
  assert.equal(row?.times, 0)
})
