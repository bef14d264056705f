// FA-01, rows 1, 2, 3 and 10: what was acknowledged survives kill -9 of the server and of PostgreSQL, again and again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createRandom } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import { embeddedUrl, freePort, runOpenward, startServer, stopServer, temporaryDirectory, until } from '../processes.ts'
import { openLedger, settledAnswer } from './ledger.ts'
import { assertKept, readEffects } from './ledger-check.ts'
import { strike, type Target, type Victim } from './nemesis.ts'
import { startLoad } from './workload.ts'

const kills = Number(process.env['FAULT_KILLS'] ?? 30)
const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e6))
const clients = 6

const directory = temporaryDirectory()
let victim: Victim
let caller: Caller

before(async () => {
  const options = { data_directory: directory.path, port: await freePort(), environment: { LOG_LEVEL: 'warn' } }
  victim = { options, server: await startServer(options) }
  caller = await signIn(options.port)
})

after(async () => {
  await stopServer(victim?.server)
  await directory.remove()
})

test(`${kills} kills of the server and of PostgreSQL under a mixed load lose nothing acknowledged and double nothing`, async (t) => {
  const random = createRandom(seed)
  const doctors = [await createDoctor(caller), await createDoctor(caller)]
  const calendars = await Promise.all(
    doctors.map(async ({ doctor_id }) => ({ doctor_id, starts: (await freeStarts(caller, doctor_id)).slice(0, 200) })),
  )
  const ledger = openLedger()
  const load = startLoad({ ledger, caller, calendars, clients, random })
  const struck: Target[] = []
  try {
    while (struck.length < kills) {
      // By answers, not by time: on a slow machine a kill would otherwise come before there is anything to lose.
      const wanted = ledger.settled + Math.ceil(random() * 40)
      await until('the clients are answered', () => ledger.settled >= wanted, 60_000)
      await delay(random() * 20)
      struck.push(await strike(victim, random))
    }
  } finally {
    await load.stop()
  }

  // The last kill may have been PostgreSQL's: whoever comes right after it waits for the new one.
  let owner = new pg.Client()
  await until('PostgreSQL takes connections', async () => {
    owner = new pg.Client({ connectionString: embeddedUrl(directory.path) })
    return owner.connect().then(
      () => true,
      () => false,
    )
  })
  try {
    const before_repeats = await readEffects(owner, ledger)
    const unsettled = ledger.entries.filter((entry) => !settledAnswer(entry))
    const told = ['register', 'update', 'book', 'cancel', 'read'] as const
    const acknowledged = told.map((kind) => `${before_repeats.total(kind)} ${kind}`).join(', ')
    t.diagnostic(`seed ${seed}; killed: ${struck.join(' ')}`)
    t.diagnostic(`effects: ${acknowledged}; ${unsettled.length} requests without an answer`)
    assert.equal(struck.length, kills)
    for (const kind of told) assert.ok(before_repeats.total(kind) > kills / 4, `hardly any ${kind} to look at`)
    assert.ok(unsettled.length > 0, 'no request was hit while it was under way')

    await assertKept(owner, ledger, caller, load.work)
  } finally {
    await owner.end()
  }
  const proof = await runOpenward({ data_directory: directory.path }, 'audit', 'verify')
  assert.equal(proof.code, 0, proof.output)
  assert.match(proof.output, /whole/)
})
