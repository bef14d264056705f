// RL-07 and row 30: the one thread that answers is blocked for three seconds.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClientAnswer } from '#platform/contract/client.ts'
import { type Caller, send, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createColleague } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

const blocked_ms = 3000
/** What a probe of liveness may wait: less would end servers that are only busy. */
const probe_limit_ms = 10_000

let cluster: Cluster
let server: ServerProcess
let caller: Caller
before(async () => {
  cluster = await startCluster()
  const source = `process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${blocked_ms}))`
  server = await cluster.serve({
    environment: { OPENWARD_RATE_LIMIT: 'on' },
    node_options: ['--import', `data:text/javascript,${encodeURIComponent(source)}`],
  })
  caller = await signIn(server.port)
})
after(() => cluster?.stop())

async function timed(ask: () => Promise<ClientAnswer>): Promise<{ answer: ClientAnswer; took_ms: number }> {
  const began_at = performance.now()
  const answer = await ask()
  return { answer, took_ms: performance.now() - began_at }
}
const live = () => timed(() => send(server.port, { method: 'GET', url: '/health/live', headers: {} }))
const list = () => timed(() => caller.ask('GET', '/api/v1/patients'))

test('a server that was blocked refuses some of what has piled up, tells that it lives, ends sessions, and goes on', async () => {
  const { caller: leaver } = await createColleague(caller, 'nurse')
  assertStatus((await list()).answer, 200)
  const refused: ClientAnswer[] = []
  // The load is measured twice a second: what comes in that moment is refused.
  for (let times = 0; refused.length === 0 && times < 10; times += 1) {
    server.kill('SIGUSR2')
    const asked: ReturnType<typeof list>[] = []
    const probes: ReturnType<typeof live>[] = []
    for (let at = 0; at < 40; at += 1) {
      asked.push(list())
      if (at % 10 === 0) probes.push(live())
      await delay(100)
    }
    for (const { answer, took_ms } of await Promise.all(probes)) {
      assertStatus(answer, 200)
      assert.ok(took_ms < probe_limit_ms)
    }
    for (const { answer } of await Promise.all(asked)) {
      if (answer.status === 200) continue
      assertStatus(answer, 503)
      assert.match(answer.text, /"overloaded"/)
      assert.equal(answer.headers['retry-after'], '2')
      refused.push(answer)
    }
  }
  assert.ok(refused.length > 0, 'nothing was refused')
  server.kill('SIGUSR2')
  assertStatus(await leaver.ask('POST', '/api/v1/auth/logout'), 204)
  await until('everyone is answered again', async () => (await list()).answer.status === 200)
  assert.equal(server.hasEnded(), false)
})
