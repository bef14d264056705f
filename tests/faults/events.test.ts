// SE-07 and row 41 with streams of events: across two servers, over a kill, and with many who listen or do not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type OpenStream, openStream } from '../../server/modules/live-events/streams.testing.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { createColleague, createDepartment, expectStatus } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

let cluster: Cluster
let one: ServerProcess
let other: ServerProcess
let administrator: Caller
before(async () => {
  cluster = await startCluster()
  ;[one, other] = await Promise.all([cluster.serve(), cluster.serve()])
  administrator = await signIn(one.port)
})
after(() => cluster?.stop())

/** Doctors are known to everyone in the house. */
async function emit(count: number): Promise<string[]> {
  const rows = await cluster.rows<{ subject_id: string }>(
    `insert into events (type, subject_type, subject_id, payload)
     select 'doctor.updated', 'doctor', uuidv7(), '{"version": 2}' from generate_series(1, $1) returning subject_id`,
    [count],
  )
  return rows.map(({ subject_id }) => subject_id)
}
const subjects = (...streams: OpenStream[]) =>
  streams.flatMap((stream) => stream.events().map(({ data }) => String(data['subject_id'])))

async function open(caller: Caller, port = caller.port, last_event_id?: string): Promise<OpenStream> {
  const stream = await openStream({ port, token: caller.tokens.access_token, last_event_id })
  await stream.next(() => true)
  return stream
}

test('what happens at one server is told by the other', async () => {
  const stream = await open(administrator, other.port)
  const body = { name: 'Told of', code: 'TOLD' }
  await createColleague(administrator, 'nurse', await createDepartment(administrator))
  expectStatus(201, await administrator.ask('POST', '/api/v1/departments', body))
  await stream.next(({ event }) => event === 'user.created')
  stream.close()
})

test('a stream ends within a second of its session, whichever server the session ends at', async (t) => {
  const ends: [string, (user: Awaited<ReturnType<typeof createColleague>>) => Promise<{ status: number }>][] = [
    ['signing out', ({ caller }) => caller.at(other.port).ask('POST', '/api/v1/auth/logout')],
    ['closing the account', ({ user_id }) => administrator.at(other.port).ask('DELETE', `/api/v1/users/${user_id}`)],
    [
      'another role',
      ({ user_id }) =>
        administrator
          .at(other.port)
          .ask(
            'PATCH',
            `/api/v1/users/${user_id}`,
            { role: 'auditor' },
            { 'content-type': 'application/merge-patch+json' },
          ),
    ],
    [
      'the end of all sessions',
      ({ user_id }) => administrator.at(other.port).ask('DELETE', `/api/v1/users/${user_id}/sessions`),
    ],
  ]
  for (const [what, end] of ends) {
    const colleague = await createColleague(administrator, 'staff')
    const stream = await open(colleague.caller, one.port)
    const { status } = await end(colleague)
    const ended_at = performance.now()
    assert.ok(status < 300, `${what}: ${status}`)
    const took_ms = (await stream.ended) - ended_at
    t.diagnostic(`${what}: ${Math.round(took_ms)} ms`)
    assert.ok(took_ms < 1000, `${what}: ${took_ms} ms`)
  }
})

test('a client whose server is killed goes on at the other: nothing is lost and nothing comes twice', async () => {
  const doomed = await cluster.serve()
  const before_it = await open(administrator, doomed.port)
  const sent: string[] = []
  let isOver = false
  const emitting = (async () => {
    while (!isOver) sent.push(...(await emit(3)))
  })()
  await until('some were told', () => before_it.events().length > 60)
  doomed.kill('SIGKILL')
  await before_it.ended
  await until('more happened', () => sent.length > before_it.events().length + 100)
  const behind = await open(administrator, other.port, before_it.lastId())
  await until('some more were told', () => behind.events().length > 200)
  isOver = true
  await emitting
  await until('all were told', () => behind.events().some(({ data }) => data['subject_id'] === sent.at(-1)))
  assert.deepEqual(subjects(before_it, behind), sent)
  behind.close()
})

test('a hundred who listen, twenty of whom take nothing, cost no memory however much happens', async (t) => {
  const server = await cluster.serve({ node_options: ['--expose-gc'] })
  const people = await Promise.all(Array.from({ length: 10 }, () => createColleague(administrator, 'staff')))
  const streams = await Promise.all(
    people.flatMap(({ caller }) => Array.from({ length: 10 }, () => open(caller, server.port))),
  )
  const [stalled, listening] = [streams.slice(0, 20), streams.slice(20)]
  for (const stream of stalled) stream.stall()
  const resident = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  const told = async (count: number) => {
    const last = (await emit(count)).at(-1)
    await Promise.all(listening.map((stream) => stream.next(({ data }) => data['subject_id'] === last)))
  }
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) await told(2000)
  }
  // The heap takes its size; what is kept for each event would go on growing.
  await rounds(6)
  const warm = resident()
  await rounds(5)
  const grown = resident() - warm
  t.diagnostic(
    `${Math.round(warm)} MiB after 12,000 events, ${Math.round(grown)} MiB more after 10,000 more to each of 80`,
  )
  // Kept for the twenty who take nothing it would be more than 100.
  assert.ok(grown < 90, `${grown} MiB`)
  for (const stream of streams) stream.close()
})
