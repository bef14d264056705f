// FA-03 and row 32: servers are replaced one after the other behind a balancer that follows readiness, and nobody notices, though the next
// ones be of a version that changes the tables while those of this one serve.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { nextPerson } from '../hospital.ts'
import { programOfNextVersion } from '../next-version.ts'
import { type ServerProcess, until } from '../processes.ts'
import { type Balancer, startBalancer } from './balancer.ts'

const environment = { OPENWARD_DRAIN_SECONDS: '2' }
const clients = 8

let cluster: Cluster
let balancer: Balancer
let serving: ServerProcess[]
let caller: Caller

before(async () => {
  cluster = await startCluster()
  balancer = await startBalancer()
  serving = [await cluster.serve({ environment }), await cluster.serve({ environment })]
  for (const server of serving) balancer.add(server)
  await until('both are sent requests', () => balancer.ready().length === 2)
  caller = await signIn(balancer.port)
})
after(async () => {
  await balancer?.close()
  await cluster?.stop()
})

/** Under load. */
async function replaceServers(program?: string): Promise<void> {
  const statuses: (number | string)[] = []
  const made: string[] = []
  let stopped = false
  const load = Promise.all(
    Array.from({ length: clients }, async () => {
      while (!stopped) {
        const correlation_id = randomUUID()
        const body = { ...nextPerson(), force: true }
        const headers = { 'x-correlation-id': correlation_id }
        const answer = await caller.ask('POST', '/api/v1/patients', body, headers).catch(String)
        statuses.push(typeof answer === 'string' ? answer : answer.status)
        if (typeof answer === 'string' || answer.status !== 201) continue
        made.push(correlation_id)
        const { id } = JSON.parse(answer.text) as { id: string }
        const read = await caller.ask('GET', `/api/v1/patients/${id}`).catch(String)
        statuses.push(typeof read === 'string' ? read : read.status)
      }
    }),
  )
  const answered = async (more: number) => {
    const wanted = statuses.length + more
    await until('the load is answered', () => statuses.length >= wanted, 60_000)
  }
  try {
    await answered(100)
    for (const leaving of serving.splice(0)) {
      leaving.kill('SIGTERM')
      const { code, signal } = await leaving.ended
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, leaving.output().slice(-800))
      balancer.remove(leaving)
      await answered(50)
      const next = await cluster.serve({ environment, ...(program === undefined ? {} : { program }) })
      serving.push(next)
      balancer.add(next)
      await until('the new one is sent requests', () => balancer.ready().includes(next.port))
      await answered(100)
    }
  } finally {
    stopped = true
    await load
  }
  assert.deepEqual(new Set(statuses), new Set([201, 200]))
  const [row] = await cluster.rows<{ times: number }>(
    `select count(*)::int as times from audit_logs where action = 'patient.register' and correlation_id = any($1)`,
    [made],
  )
  assert.equal(row?.times, made.length)
}

test('a rolling restart behind a balancer that follows readiness shows no failed request', () => replaceServers())

test('so does one to a version whose migration changes the tables that are written to meanwhile', async () => {
  const program = programOfNextVersion(join(cluster.directory, 'next'), {
    '9001_next.sql': `
      alter table patients add column of_next text;
      create function fill_next() returns trigger language plpgsql as $$ begin new.of_next := 'filled'; return new; end $$;
      create trigger fill_next before insert on patients for each row execute function fill_next();
      create index concerning_next on audit_logs (correlation_id) where action = 'next';`,
  })
  await replaceServers(program)
  const [row] = await cluster.rows<{ filled: number }>('select count(of_next)::int as filled from patients')
  assert.ok((row?.filled ?? 0) > 50, `${row?.filled} were written after the migration`)
})
