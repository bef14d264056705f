// FA-04 and row 17: the primary dies under load and its standby is promoted. What was acknowledged is there, and the old primary, which
// comes back as if nothing had been, acknowledges nothing any more. Before that the standby is what figures are read from.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createRandom } from '../../server/demo/random.ts'
import { type Caller, signIn } from '../caller.ts'
import { createDoctor, expectStatus, freeStarts } from '../hospital.ts'
import { runOpenward, type ServerProcess, startServer, stopServer, until } from '../processes.ts'
import { type Pair, startPair } from '../standby.ts'
import { openLedger } from './ledger.ts'
import { assertKept } from './ledger-check.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { type Calendar, startLoad, type Work } from './workload.ts'

const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e6))
const random = createRandom(seed)
const ledger = openLedger()
const work: Work[] = []
let pair: Pair
/** The one address of the database that servers know, and that leads to another machine afterwards. */
let address: Proxy
let server: ServerProcess
/** The same hospital, without a replica. */
let other: ServerProcess
let environment: Record<string, string>
let caller: Caller
let calendars: Calendar[]

before(async () => {
  pair = await startPair()
  address = await startProxy(pair.primary.url)
  environment = {
    DATABASE_URL: address.urlOf(pair.primary.url),
    OPENWARD_MASTER_KEY: randomBytes(32).toString('base64'),
    OPENWARD_PUBLIC_URL: 'http://hospital.example',
    LOG_LEVEL: 'warn',
  }
  const serve = (name: string, own: Record<string, string> = {}) => {
    const data_directory = join(pair.directory, name)
    mkdirSync(data_directory)
    return startServer({ data_directory, environment: { ...environment, ...own } })
  }
  server = await serve('server', { DATABASE_REPLICA_URL: pair.standby.url })
  other = await serve('other')
  caller = await signIn(server.port)
  const doctors = [await createDoctor(caller), await createDoctor(caller)]
  calendars = await Promise.all(
    doctors.map(async ({ doctor_id }) => ({ doctor_id, starts: (await freeStarts(caller, doctor_id)).slice(0, 200) })),
  )
})

after(async () => {
  await Promise.all([stopServer(server), stopServer(other)])
  await address?.close()
  await pair?.stop()
})

/** Until so many more are answered, and whatever is given meanwhile. */
async function loaded(answers: number, meanwhile: () => Promise<unknown> = async () => undefined) {
  const load = startLoad({ ledger, caller, calendars, clients: 4, random })
  work.push(...load.work)
  try {
    const enough = async (more: number) => {
      const wanted = ledger.settled + more
      await until('clients are answered', () => ledger.settled >= wanted, 60_000)
    }
    await enough(answers)
    await meanwhile()
    await enough(answers)
  } finally {
    await load.stop()
  }
}

const today = Temporal.Now.plainDateISO('UTC')
const period = `from=${today.subtract({ days: 2 }).toString()}&to=${today.add({ days: 20 }).toString()}`
const figures = [
  ...['doctor-utilization', 'appointment-trends', 'resource-usage'].map(
    (name) => `/api/v1/analytics/${name}?${period}`,
  ),
  `/api/v1/admin/analytics?${period}`,
  ...[
    'dashboard',
    'patient_statistics',
    'visit_volume',
    'clinical_assessments',
    'prescriptions',
    'doctor_utilization',
    'appointment_trends',
    'resource_usage',
  ].map((name) => `/api/v1/reports/export/${name}?format=json&${period}`),
  // Asking is in the log as well: of what nobody does meanwhile.
  `/api/v1/reports/export/audit?format=json&action=appointment.book&${period}`,
]

async function figuresAt(port: number): Promise<Map<string, unknown>> {
  const told = new Map<string, unknown>()
  for (const url of figures) {
    const answer = expectStatus(200, await caller.at(port).ask('GET', url)) as Record<string, unknown>
    for (const moment of ['as_of', 'counted_until']) delete answer[moment]
    told.set(url, answer)
  }
  return told
}

const replayed = async () => {
  const [primary] = await pair.primary.rows<{ at: string }>('select pg_current_wal_flush_lsn()::text as at')
  await until('the standby has replayed', async () => {
    const [row] = await pair.standby.rows<{ has: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as has', [
      primary?.at,
    ])
    return row?.has === true
  })
}

test('every figure and report is read from a streaming standby, and is what the primary counts', async () => {
  await loaded(30)
  await replayed()
  const before = await figuresAt(server.port)
  assert.deepEqual(before, await figuresAt(other.port))
  const booked = JSON.stringify(before.get(figures[1] ?? ''))
  assert.match(booked, /[1-9]/)

  // What has arrived and is not replayed is not seen there: whoever does not see it has read the standby.
  await pair.standby.rows('select pg_wal_replay_pause()')
  try {
    await until('the standby stands still', async () => {
      const [row] = await pair.standby.rows<{ state: string }>('select pg_get_wal_replay_pause_state() as state')
      return row?.state === 'paused'
    })
    await loaded(30)
    assert.deepEqual(await figuresAt(server.port), before)
    const ahead = await figuresAt(other.port)
    const changed = figures.filter((url) => JSON.stringify(ahead.get(url)) !== JSON.stringify(before.get(url)))
    for (const name of ['appointment-trends', 'patient_statistics', 'export/audit'])
      assert.ok(
        changed.some((url) => url.includes(name)),
        `${name} has not changed at the primary`,
      )
  } finally {
    await pair.standby.rows('select pg_wal_replay_resume()')
  }
  await replayed()
  assert.deepEqual(await figuresAt(server.port), await figuresAt(other.port))
  assert.ok(!server.output().includes('the replica does not answer'), server.output())
})

test('no acknowledged write is missing after the primary is killed under load and its synchronous standby promoted', async (t) => {
  let away_ms = 0
  await loaded(60, async () => {
    const began = performance.now()
    await pair.primary.kill()
    address.refuse()
    const [row] = await pair.standby.rows<{ is_done: boolean }>('select pg_promote(true, 60) as is_done')
    assert.equal(row?.is_done, true)
    // The address of the database leads to the new primary: all that an operator does to the servers.
    address.lead(pair.standby.url)
    address.heal()
    await until('the servers are ready', async () => {
      const answers = [server, other].map(({ port }) => fetch(`http://127.0.0.1:${port}/health/ready`))
      return (await Promise.all(answers)).every(({ status }) => status === 200)
    })
    away_ms = performance.now() - began
  })
  const owner = new pg.Client({ connectionString: pair.standby.url })
  await owner.connect()
  try {
    await assertKept(owner, ledger, caller, work)
  } finally {
    await owner.end()
  }
  t.diagnostic(`seed ${seed}: ${ledger.settled} answers, ready again ${Math.round(away_ms)} ms after the kill`)
  // The sealer goes on where it was: nothing that it had signed is missing, and no entry stands twice.
  const data_directory = join(pair.directory, 'server')
  const there = { data_directory, environment: { ...environment, DATABASE_URL: pair.standby.url } }
  const roots = join(data_directory, 'audit', 'roots.txt')
  const proof = await runOpenward(there, 'audit', 'verify', '--outside', roots)
  assert.equal(proof.code, 0, proof.output)
})

test('the old primary, back as it was, acknowledges nothing: it waits for a standby that has left it', async () => {
  await pair.primary.start()
  const client = new pg.Client({ connectionString: pair.primary.url })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const pid = rows[0]?.pid
  let outcome = 'none'
  // As the role of servers writes, whose limits count here as well.
  await client.query("set statement_timeout = '1s'")
  const writing = client.query("insert into departments (name, code) values ('Split brain', 'SPLIT')").then(
    () => (outcome = 'acknowledged'),
    () => (outcome = 'broken off'),
  )
  await until('it waits for the standby', async () => {
    const [row] = await pair.primary.rows<{ wait_event: string | null; is_late: boolean }>(
      `select wait_event, now() - query_start > interval '2 seconds' as is_late from pg_stat_activity where pid = $1`,
      [pid],
    )
    return row?.wait_event === 'SyncRep' && row.is_late
  })
  assert.equal(outcome, 'none', 'also beyond the limit for statements')
  await pair.primary.rows('select pg_terminate_backend($1)', [pid])
  await writing
  assert.equal(outcome, 'broken off')
  const [kept] = await pair.standby.rows<{ count: number }>(
    `select count(*)::int as count from departments where code = 'SPLIT'`,
  )
  assert.equal(kept?.count, 0)
})
