// Row 18: serialization failures and deadlocks in crowds are asked again a few times, then told, and leave nothing half done.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createRandom } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import { until } from '../processes.ts'
import { openLedger } from './ledger.ts'
import { assertKept } from './ledger-check.ts'
import { countRaised, prepareStorms, setStorm } from './storm.ts'
import { startLoad } from './workload.ts'

const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e6))

let cluster: Cluster
let caller: Caller
before(async () => {
  cluster = await startCluster()
  const server = await cluster.serve()
  caller = await signIn(server.port)
  await prepareStorms(cluster)
})
after(() => cluster?.stop())

test('in a storm of serialization failures most are answered as ever, nobody sees a 500, and nothing is lost or doubled', async (t) => {
  const { doctor_id } = await createDoctor(caller)
  const calendars = [{ doctor_id, starts: (await freeStarts(caller, doctor_id)).slice(0, 200) }]
  const ledger = openLedger()
  const load = startLoad({ ledger, caller, calendars, clients: 8, random: createRandom(seed) })
  const more = async (answers: number) => {
    const wanted = ledger.settled + answers
    await until('clients are answered', () => ledger.settled >= wanted, 60_000)
  }
  try {
    await more(50)
    await setStorm(cluster, 0.15)
    await more(300)
    await setStorm(cluster, 0)
    await more(50)
  } finally {
    await load.stop()
  }
  const raised = await countRaised(cluster)
  const answers = ledger.entries.flatMap(({ attempts }) => attempts.map(({ answer }) => answer))
  const statuses = Map.groupBy(answers, (answer) => answer?.status)
  t.diagnostic(
    `seed ${seed}: ${raised} failures; answers: ${[...statuses].map(([status, { length }]) => `${length} ${status}`).join(', ')}`,
  )
  assert.ok(raised > 50, `only ${raised} failures`)
  const owner = new pg.Client(cluster.url)
  await owner.connect()
  try {
    await assertKept(owner, ledger, caller, load.work)
  } finally {
    await owner.end()
  }
})
