// Row 11: PostgreSQL is killed while it writes a checkpoint, under load, again and again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createRandom } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import {
  embeddedUrl,
  freePort,
  runOpenward,
  startServer,
  stopServer,
  temporaryDirectory,
  until,
  untilReady,
} from '../processes.ts'
import { assertKept, readEffects } from './ledger-check.ts'
import { openLedger } from './ledger.ts'
import { killPostgres, untilReplaced, type Victim } from './nemesis.ts'
import { startLoad } from './workload.ts'

const kills = 3
const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e6))

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

/** Whoever comes right after a kill waits for the new one. */
async function connect(): Promise<pg.Client> {
  let client = new pg.Client()
  await until('PostgreSQL takes connections', async () => {
    client = new pg.Client({ connectionString: embeddedUrl(directory.path) })
    client.on('error', () => undefined)
    return client.connect().then(
      () => true,
      () => false,
    )
  })
  return client
}

/** Whether PostgreSQL was killed before the checkpoint that was asked for had come to its end. */
async function killInCheckpoint(): Promise<boolean> {
  const [asking, watching] = [await connect(), await connect()]
  // Pages enough to be written that it takes its time.
  await asking.query(
    `create table if not exists ballast as select n, repeat('x', 900) as filler from generate_series(1, 40000) n`,
  )
  await asking.query(`update ballast set filler = repeat('y', 900)`)
  const { rows } = await asking.query<{ pid: number }>('select pg_backend_pid() as pid')
  const outcome = asking.query('checkpoint').then(
    () => 'done',
    () => 'broken',
  )
  const isWriting = async () => {
    const seen = await watching.query<{ wait_event: string }>(
      'select wait_event from pg_stat_activity where pid = $1',
      [rows[0]?.pid],
    )
    return seen.rows[0]?.wait_event === 'CheckpointDone'
  }
  await until('the checkpoint is being written', isWriting)
  const killed = killPostgres(directory.path, 'all_of_postgres')
  const wasBroken = (await outcome) === 'broken'
  for (const client of [asking, watching]) await client.end().catch(() => undefined)
  await untilReplaced(directory.path, killed)
  await untilReady(victim.server)
  return wasBroken
}

test(`${kills} kills of PostgreSQL in the middle of a checkpoint under load lose nothing acknowledged and double nothing`, async (t) => {
  const random = createRandom(seed)
  const doctors = [await createDoctor(caller), await createDoctor(caller)]
  const calendars = await Promise.all(
    doctors.map(async ({ doctor_id }) => ({ doctor_id, starts: (await freeStarts(caller, doctor_id)).slice(0, 200) })),
  )
  const ledger = openLedger()
  const load = startLoad({ ledger, caller, calendars, clients: 6, random })
  let inTheMiddle = 0
  let strikes = 0
  try {
    for (; inTheMiddle < kills && strikes < 4 * kills; strikes += 1) {
      const wanted = ledger.settled + 20
      await until('the clients are answered', () => ledger.settled >= wanted, 60_000)
      if (await killInCheckpoint()) inTheMiddle += 1
    }
  } finally {
    await load.stop()
  }
  t.diagnostic(`seed ${seed}; ${strikes} kills, ${inTheMiddle} of them before the checkpoint had come to its end`)
  assert.equal(inTheMiddle, kills)
  const owner = await connect()
  try {
    const told = await readEffects(owner, ledger)
    for (const kind of ['register', 'update', 'book', 'read'] as const) assert.ok(told.total(kind) > 0, kind)
    await assertKept(owner, ledger, caller, load.work)
  } finally {
    await owner.end()
  }
  const proof = await runOpenward({ data_directory: directory.path }, 'audit', 'verify')
  assert.equal(proof.code, 0, proof.output)
})
