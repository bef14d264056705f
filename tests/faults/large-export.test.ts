// Row 31: more rows are exported than the server could hold, while it serves others.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createDepartment, expectStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

/** In parts of 50,000. */
const visits = Number(process.env['FAULT_ROWS'] ?? 300_000)
/** What a server needs to begin, and the part that is being written. */
const heap_mebibytes = 160

let cluster: Cluster
let server: ServerProcess
let caller: Caller

before(async () => {
  cluster = await startCluster()
  server = await cluster.serve({ node_options: [`--max-old-space-size=${heap_mebibytes}`] })
  caller = await signIn(server.port)
})
after(() => cluster?.stop())

const residentMebibytes = ({ pid }: ServerProcess) =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

type Run = {
  id: string
  status: string
  failure: string | null
  rows_written: number
  tables: { table: string; rows: number; files: number }[] | null
}

test(`a warehouse of ${visits} visits is written within a heap of ${heap_mebibytes} MiB, and others are served meanwhile`, async (t) => {
  const patient = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
  const department_id = await createDepartment(caller)
  // Straight into the table: making them one by one is not what is tried.
  await cluster.owner.query(`
    begin;
    set local session_replication_role = replica;
    insert into visits (visit_number, patient_id, department_id, type, status, opened_at, closed_at)
    select 'VN-LARGE-' || n, '${patient.id}', '${department_id}', 'outpatient', 'completed',
           timestamptz '2020-01-01' + n * interval '2 minutes', timestamptz '2020-01-01' + n * interval '2 minutes' + interval '30 minutes'
      from generate_series(1, ${visits}) n;
    commit`)

  const before_mebibytes = residentMebibytes(server)
  let highest = 0
  const watch = setInterval(() => (highest = Math.max(highest, residentMebibytes(server))), 20)
  const ordered = expectStatus(202, await caller.ask('POST', '/api/v1/warehouse/runs', {})) as Run
  let served = 0
  let run = ordered
  try {
    await until(
      'the warehouse is written',
      async () => {
        run = expectStatus(200, await caller.ask('GET', `/api/v1/warehouse/runs/${ordered.id}`)) as Run
        assertStatus(await caller.ask('GET', `/api/v1/patients/${patient.id}`), 200)
        if (run.status === 'running' && run.rows_written < visits) served += 1
        return run.status === 'finished' || run.status === 'failed'
      },
      300_000,
    )
  } finally {
    clearInterval(watch)
  }
  t.diagnostic(`memory ${Math.round(before_mebibytes)} to ${Math.round(highest)} MiB; ${served} answers meanwhile`)
  assert.deepEqual([run.status, run.failure], ['finished', null])
  const written = run.tables?.find(({ table }) => table === 'fact_visit')
  assert.deepEqual(written, { table: 'fact_visit', rows: visits, files: visits / 50_000 })
  assert.ok(served > 0)
  assert.ok(highest - before_mebibytes < 160)
  assert.equal(server.hasEnded(), false)
})
