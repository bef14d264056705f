// RL-04 and row 20 against a real Redis: limits that two servers share, and what is left of them when it is gone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Redis } from 'ioredis'
import { signInLocked } from '#contracts/identity/login'
import { callerWith, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { administrator, type ServerProcess } from '../processes.ts'
import { startProxy, type Proxy } from '../faults/proxy.ts'

const redis_url = process.env['REDIS_TEST_URL']
const skip = redis_url ? false : 'REDIS_TEST_URL is not set'
/** As the contract of signing in says. */
const logins_per_minute = 60

let cluster: Cluster
let proxy: Proxy
let redis: Redis
let one: ServerProcess
let other: ServerProcess

before(async () => {
  if (!redis_url) return
  redis = new Redis(redis_url)
  await redis.flushdb()
  cluster = await startCluster()
  proxy = await startProxy(redis_url)
  const environment = { REDIS_URL: proxy.urlOf(redis_url), OPENWARD_RATE_LIMIT: 'on' }
  ;[one, other] = [await cluster.serve({ environment }), await cluster.serve({ environment })]
})
after(async () => {
  redis?.disconnect()
  await cluster?.stop()
  await proxy?.close()
})

/** Guesses of passwords of accounts that do not exist, each another, so that no account's own lock answers. */
async function guess(servers: readonly ServerProcess[], times: number): Promise<number[]> {
  const statuses: number[] = []
  const nobody = callerWith(0, { access_token: '', refresh_token: '' })
  for (let at = 0; at < times; at += 1) {
    const server = servers[at % servers.length]
    const body = { email: `nobody.${at}@example.org`, password: 'guessed again and again' }
    const answer = await nobody.at(server?.port ?? 0).ask('POST', '/api/v1/auth/login', body)
    if (answer.status === 429) assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
    statuses.push(answer.status)
  }
  return statuses
}

const count = (statuses: readonly number[], status: number) => statuses.filter((one_of) => one_of === status).length

test('two servers that share a Redis count together', { skip }, async () => {
  const statuses = await guess([one, other], logins_per_minute * 2)
  assert.deepEqual(
    statuses.filter((status) => ![401, 429].includes(status)),
    [],
  )
  // The first request to each may come before its line to Redis stands, and is counted there alone.
  const alone = 2
  assert.ok(count(statuses, 401) <= logins_per_minute + alone, `${count(statuses, 401)} were let through`)
  assert.ok(count(statuses, 429) >= logins_per_minute - alone)
})

test('with Redis gone every server counts for itself: never unlimited, never a 500', { skip }, async () => {
  proxy.refuse()
  const statuses = await guess([one], logins_per_minute * 2)
  assert.deepEqual(
    statuses.filter((status) => ![401, 429].includes(status)),
    [],
  )
  assert.ok(count(statuses, 401) <= logins_per_minute, `${count(statuses, 401)} were let through`)
  assert.ok(count(statuses, 429) >= logins_per_minute)
})

test('with Redis silent requests are answered all the same, and limited', { skip }, async () => {
  proxy.heal()
  proxy.drop()
  const started_at = performance.now()
  const statuses = await guess([other], logins_per_minute * 2)
  proxy.heal()
  assert.deepEqual(
    statuses.filter((status) => ![401, 429].includes(status)),
    [],
  )
  assert.ok(count(statuses, 401) <= logins_per_minute)
  assert.ok(performance.now() - started_at < 600 * statuses.length)
})

test('a Redis that was emptied revives no session that was ended', { skip }, async () => {
  proxy.heal()
  await redis.flushdb()
  // Guesses are counted elsewhere too, so that this signs in at a server that has seen none.
  const fresh = await cluster.serve({ environment: { REDIS_URL: redis_url ?? '' } })
  const caller = await signIn(fresh.port)
  assert.equal((await caller.at(one.port).ask('GET', '/api/v1/patients')).status, 200)
  assert.ok((await caller.ask('POST', '/api/v1/auth/logout')).status < 300)
  await redis.flushdb()
  assert.equal((await caller.at(one.port).ask('GET', '/api/v1/patients')).status, 401)
})

test('a Redis that was emptied unlocks no account', { skip }, async () => {
  const fresh = await cluster.serve({ environment: { REDIS_URL: redis_url ?? '' } })
  const nobody = callerWith(fresh.port, { access_token: '', refresh_token: '' })
  const knock = async (password: string) => {
    const answer = await nobody.ask('POST', '/api/v1/auth/login', { email: administrator.email, password })
    return [answer.status, (JSON.parse(answer.text) as { code?: string }).code]
  }
  let told: unknown[] = []
  for (let at = 0; at < 10 && told[0] !== 429; at += 1) told = await knock('guessed again and again')
  assert.deepEqual(told, [429, signInLocked.code])
  await redis.flushdb()
  assert.deepEqual(await knock(administrator.password), [429, signInLocked.code])
})
