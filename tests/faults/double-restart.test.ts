// Row 41: all servers of a hospital are killed at one moment, and begin again at one moment, while events wait to be told.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openStream } from '../../server/modules/live-events/streams.testing.ts'
import { startReceiver } from '../../server/modules/webhooks/receiver.testing.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { createDepartment, expectStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

const events = 600
const restarts = 3

/** Two parts of a warehouse. */
const visits = 100_000

type Run = {
  id: string
  status: string
  rows_written: number
  tables: { table: string; rows: number; files: number }[] | null
}

let cluster: Cluster
let servers: ServerProcess[]
let administrator: Caller

before(async () => {
  cluster = await startCluster()
  await startBoth()
  administrator = await signIn(portOf(0))
})
after(() => cluster?.stop())

const portOf = (at: number) => servers[at]?.port ?? 0

/** On ports of their own: those that were left may be somebody else's by now. */
async function startBoth() {
  servers = await Promise.all([cluster.serve(), cluster.serve()])
}

async function killAndStartBoth() {
  for (const server of servers) server.kill('SIGKILL')
  await Promise.all(servers.map(({ ended }) => ended))
  await startBoth()
}

const happen = (type: string, subject_type: string, records: readonly string[]) =>
  cluster.rows<{ id: string }>(
    `insert into events (type, subject_type, subject_id, payload)
     select $1, $2, unnest($3::uuid[]), '{"version": 2}' returning id`,
    [type, subject_type, records],
  )

test(`${restarts} times both servers are killed and begin again at once while events wait: none is lost, each is told under one id and of each record in order`, async (t) => {
  await using receiver = await startReceiver()
  receiver.answers((_, reply) => void setTimeout(() => reply.writeHead(204).end(), 20))
  const made = expectStatus(
    201,
    await administrator.ask('POST', '/api/v1/webhooks', { url: receiver.url, types: ['test.*'] }),
  ) as { secret: string }
  receiver.expect(made.secret)

  const records = Array.from({ length: 60 }, () => randomUUID())
  for (let batch = 0; batch < events / records.length; batch += 1) await happen('test.happened', 'test', records)
  const told = () => new Set(receiver.told.map(({ event_id }) => event_id)).size
  const untold: number[] = []
  for (let restart = 1; restart <= restarts; restart += 1) {
    await until('some are told', () => told() >= (restart * events) / (restarts + 3), 120_000)
    await killAndStartBoth()
    untold.push(events - told())
  }
  const rows = () =>
    cluster.rows<{ status: string; count: number }>(
      'select status, count(*)::int as count from webhook_deliveries group by 1',
    )
  const all = [{ status: 'delivered', count: events }]
  await until('all are told', async () => JSON.stringify(await rows()) === JSON.stringify(all), 120_000)

  t.diagnostic(`waiting when both had begun again: ${untold.join(', ')}; told again: ${receiver.told.length - events}`)
  assert.ok(untold.every((waiting) => waiting > 0))
  assert.equal(receiver.unsigned(), 0)
  const byEvent = Map.groupBy(receiver.told, ({ event_id }) => event_id)
  assert.equal(byEvent.size, events)
  for (const same of byEvent.values()) assert.equal(new Set(same.map(({ id }) => id)).size, 1)
  for (const record of records) {
    const first = new Set(receiver.told.filter((one) => one.subject_id === record).map(({ event_id }) => event_id))
    assert.deepEqual([...first], [...first].toSorted())
  }
})

test('a client whose stream ends with both goes on at either, and misses nothing and hears nothing twice', async () => {
  const listen = (port: number, last_event_id?: string) =>
    openStream({ port, token: administrator.tokens.access_token, last_event_id })
  const doctors: string[] = Array.from({ length: 20 }, () => randomUUID())
  const earlier = await listen(portOf(0))
  await earlier.next(() => true)
  await happen('doctor.updated', 'doctor', doctors.slice(0, 10))
  await until('some were told', () => earlier.events().some(({ data }) => data['subject_id'] === doctors[4]))
  for (const server of servers) server.kill('SIGKILL')
  await Promise.all([earlier.ended, ...servers.map(({ ended }) => ended)])
  // With nobody there to tell it.
  await happen('doctor.updated', 'doctor', doctors.slice(10))
  await startBoth()
  for (const { port } of servers) {
    const later = await listen(port, earlier.lastId())
    await later.next(({ data }) => data['subject_id'] === doctors.at(-1))
    const heard = [earlier, later].flatMap((stream) => stream.events().map(({ data }) => data['subject_id']))
    assert.deepEqual(
      heard.filter((subject) => doctors.includes(String(subject))),
      doctors,
    )
    later.close()
  }
})

test('a job that both were killed in the middle of is done by one of them, once', async (t) => {
  await addVisits(administrator.at(portOf(0)), visits)
  const order = administrator.at(portOf(0)).ask('POST', '/api/v1/warehouse/runs', {})
  const { id } = expectStatus(202, await order) as Run
  const runAt = async (at: number) =>
    expectStatus(200, await administrator.at(portOf(at)).ask('GET', `/api/v1/warehouse/runs/${id}`)) as Run
  let run: Run | undefined
  await until('a part is written', async () => (run = await runAt(0)).rows_written > 0, 60_000)
  assert.equal(run?.status, 'running')
  await killAndStartBoth()
  const took = await until('all is written', async () => (run = await runAt(1)).status === 'finished', 240_000)
  t.diagnostic(`${Math.round(took / 1000)} s until it had begun again and was done`)
  const written = run?.tables?.find(({ table }) => table === 'fact_visit')
  assert.deepEqual(written, { table: 'fact_visit', rows: visits, files: 2 })
  const runs = await cluster.rows<{ status: string }>('select status from warehouse_runs')
  assert.deepEqual(runs, [{ status: 'finished' }])
})

async function addVisits(caller: Caller, count: number) {
  const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
  const department_id = await createDepartment(caller)
  await cluster.rows(
    `insert into visits (visit_number, patient_id, department_id, type, status, opened_at, closed_at)
     select 'VN-RESTART-' || n, $1, $2, 'outpatient', 'completed', now() - interval '1 hour', now() from generate_series(1, $3) n`,
    [id, department_id, count],
  )
}
