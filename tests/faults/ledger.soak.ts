// Ten minutes of random faults: two servers behind a balancer, each reaching PostgreSQL and Redis through a line that can fail, under a load
// that notes what it is told. Run by `openward test --soak`; FAULT_SOAK_MINUTES and FAULT_SEED change how long and which faults.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createRandom, pick } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import { runOpenward, until } from '../processes.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { openLedger, settledAnswer } from './ledger.ts'
import { assertKept, readEffects } from './ledger-check.ts'
import { type Line, startLine, strikeLine } from './soak-faults.ts'
import { prepareStorms } from './storm.ts'
import { startLoad } from './workload.ts'

const minutes = Number(process.env['FAULT_SOAK_MINUTES'] ?? 10)
const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e6))
const redis_url = process.env['REDIS_TEST_URL']
const clients = 6
const recovery_ms = 60_000

let cluster: Cluster
let balancer: Balancer
let lines: Line[]
let caller: Caller

before(async () => {
  cluster = await startCluster()
  balancer = await startBalancer()
  lines = [await startLine(cluster, redis_url), await startLine(cluster, redis_url)]
  for (const { server } of lines) balancer.add(server)
  await prepareStorms(cluster)
  await until('both are sent requests', () => balancer.ready().length === 2)
  const signed_in = await signIn(balancer.port)
  const { ask } = signed_in
  caller = {
    ...signed_in,
    // That the balancer reached nobody is no answer of the server.
    ask: async (...request) => {
      const answer = await ask(...request)
      if (answer.status === 502) throw new Error(answer.text)
      return answer
    },
  }
})
after(async () => {
  await balancer?.close()
  await cluster?.stop()
  for (const line of lines ?? []) await line.close()
})

test(`${minutes} minutes of random faults lose nothing acknowledged and double nothing`, async (t) => {
  const random = createRandom(seed)
  const doctors = [await createDoctor(caller), await createDoctor(caller), await createDoctor(caller)]
  const calendars = await Promise.all(
    doctors.map(async ({ doctor_id }) => ({ doctor_id, starts: (await freeStarts(caller, doctor_id)).slice(0, 400) })),
  )
  const ledger = openLedger()
  const load = startLoad({ ledger, caller, calendars, clients, random })
  const struck = new Map<string, number>()
  const slowest = { ms: 0, after: 'nothing' }
  const ends_at = performance.now() + minutes * 60_000
  try {
    while (performance.now() < ends_at) {
      // By answers, not by time: on a slow machine a fault would otherwise come before there is anything to lose.
      const wanted = ledger.settled + Math.ceil(random() * 60)
      const waited_ms = await until('the clients are answered again', () => ledger.settled >= wanted, recovery_ms)
      const last = [...struck.keys()].at(-1)
      if (waited_ms > slowest.ms) Object.assign(slowest, { ms: waited_ms, after: last })
      await delay(random() * 1000)
      const fault = await strikeLine(cluster, pick(random, lines), random)
      const times = (struck.get(fault) ?? 0) + 1
      struck.delete(fault)
      struck.set(fault, times)
    }
  } finally {
    await load.stop()
  }
  await until('both are ready again', () => balancer.ready().length === 2, recovery_ms)

  const owner = new pg.Client(cluster.url)
  await owner.connect()
  try {
    const before_repeats = await readEffects(owner, ledger)
    const unsettled = ledger.entries.filter((entry) => !settledAnswer(entry))
    const kinds = ['register', 'update', 'book', 'cancel', 'read'] as const
    t.diagnostic(`seed ${seed}; ${[...struck].map(([fault, times]) => `${times} ${fault}`).join(', ')}`)
    t.diagnostic(`effects: ${kinds.map((kind) => `${before_repeats.total(kind)} ${kind}`).join(', ')}`)
    t.diagnostic(
      `${ledger.entries.length} requests, ${unsettled.length} without an answer; the longest wait ${Math.round(slowest.ms)} ms, after ${slowest.after}`,
    )
    for (const kind of kinds) assert.ok(before_repeats.total(kind) > 0, `no ${kind} to look at`)
    assert.ok(unsettled.length > 0, 'no request was hit while it was under way')

    await assertKept(owner, ledger, caller, load.work)
  } finally {
    await owner.end()
  }
  const installation = { data_directory: `${cluster.directory}/server-1`, environment: cluster.environment }
  const proof = await runOpenward(installation, 'audit', 'verify')
  assert.equal(proof.code, 0, proof.output)
  assert.match(proof.output, /whole/)
})
