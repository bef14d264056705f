// FA-03 and row 32 behind a real nginx: two equal servers are replaced one after the other under load, and nobody notices.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { nextPerson } from '../hospital.ts'
import { type Front, nginx, startNginx } from '../nginx-front.ts'
import { type ServerProcess, startServer, stopServer, until } from '../processes.ts'

const skip = nginx ? false : 'nginx is not installed'
const environment = { OPENWARD_TRUSTED_PROXIES: '127.0.0.1', OPENWARD_DRAIN_SECONDS: '2' }
const clients = 8

let cluster: Cluster
let front: Front
let serving: ServerProcess[]
let caller: Caller

before(async () => {
  if (!nginx) return
  cluster = await startCluster()
  serving = await Promise.all([cluster.serve({ environment }), cluster.serve({ environment })])
  const ports = new Map(serving.map(({ port }, at) => [8000 + at * 10, port]))
  front = await startNginx({ directory: cluster.directory, servers: 'equal.conf', ports })
  caller = await signIn(front.port)
})
after(async () => {
  await front?.stop()
  for (const server of serving ?? []) await stopServer(server)
  await cluster?.stop()
})

test('a rolling restart of two equal servers behind nginx shows no failed request', { skip }, async (t) => {
  const statuses: (number | string)[] = []
  const made: string[] = []
  let stopped = false
  const load = Promise.all(
    Array.from({ length: clients }, async () => {
      while (!stopped) {
        const correlation_id = randomUUID()
        // A connection of its own for each: nginx closes those that idle when it reads its configuration again.
        const headers = { 'x-correlation-id': correlation_id, connection: 'close' }
        const answer = await caller
          .ask('POST', '/api/v1/patients', { ...nextPerson(), force: true }, headers)
          .catch(String)
        statuses.push(typeof answer === 'string' ? answer : answer.status)
        if (typeof answer === 'string' || answer.status !== 201) continue
        made.push(correlation_id)
        const { id } = JSON.parse(answer.text) as { id: string }
        const read = await caller.ask('GET', `/api/v1/patients/${id}`, undefined, { connection: 'close' }).catch(String)
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
    for (const [at, leaving] of serving.entries()) {
      const line = `server 127.0.0.1:${leaving.port}`
      await front.change((text) => text.replace(`${line};`, `${line} down;`))
      leaving.kill('SIGTERM')
      const { code, signal } = await leaving.ended
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, leaving.output().slice(-800))
      await answered(50)
      serving[at] = await startServer({
        data_directory: cluster.directory,
        port: leaving.port,
        environment: { ...cluster.environment, ...environment },
      })
      await front.change((text) => text.replace(`${line} down;`, `${line};`))
      await until('the new one is sent requests', () => serving[at]?.output().includes('patient') ?? false)
      await answered(100)
    }
  } finally {
    stopped = true
    await load
  }
  t.diagnostic(`${statuses.length} requests`)
  assert.deepEqual(new Set(statuses), new Set([201, 200]))
  const [row] = await cluster.rows<{ times: number }>(
    `select count(*)::int as times from audit_logs where action = 'patient.register' and correlation_id = any($1)`,
    [made],
  )
  assert.equal(row?.times, made.length)
})
