// Row 13b: nothing in PostgreSQL ends a session that is stopped, so the metrics tell for how long it has held its locks.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PoolClient } from 'pg'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { signalIfAlive, until } from '../processes.ts'

let cluster: Cluster
let caller: Caller
let patient_url: string

before(async () => {
  cluster = await startCluster()
  caller = await signIn((await cluster.serve()).port)
  const made = expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }
  patient_url = `/api/v1/patients/${made.id}`
})
after(() => cluster?.stop())

async function lockAge(): Promise<number> {
  const { text } = await caller.ask('GET', '/metrics')
  const age = /^openward_database_lock_age_seconds (\S+)$/m.exec(text)?.[1]
  assert.ok(age !== undefined, text)
  return Number(age)
}
const rises = () => until('the lock has an age', async () => (await lockAge()) >= 2)
const passes = () => until('nobody holds a lock', async () => (await lockAge()) === 0)

async function holding(work: (holder: PoolClient, pid: number) => Promise<void>) {
  const holder = await cluster.owner.connect()
  try {
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
    await holder.query('begin')
    await work(holder, rows[0]?.pid ?? 0)
    await holder.query('rollback')
  } finally {
    holder.release()
  }
}

test('the metrics tell for how long a session that is stopped has held a lock, until it lets go', async () => {
  await passes()
  await holding(async (holder, pid) => {
    await holder.query('select from patients for update')
    signalIfAlive(pid, 'SIGSTOP')
    try {
      await rises()
      assertStatus(await caller.ask('PATCH', patient_url, { occupation: 'Waits' }), 503)
      assertStatus(await caller.ask('GET', patient_url), 200)
      assert.ok((await lockAge()) >= 2)
    } finally {
      signalIfAlive(pid, 'SIGCONT')
    }
  })
  await passes()
  assertStatus(await caller.ask('PATCH', patient_url, { occupation: 'Goes on' }), 200)
})

test('a lock of a name counts while somebody waits for it, and reading alone does not', async () => {
  await holding(async (holder) => {
    await holder.query('select count(*) from patients')
    await holder.query('select pg_advisory_xact_lock(4711)')
    await passes()
    const waiter = await cluster.owner.connect()
    try {
      const waiting = waiter.query('select pg_advisory_lock(4711)')
      await rises()
      await holder.query('commit')
      await waiting
      await passes()
      await waiter.query('select pg_advisory_unlock(4711)')
    } finally {
      waiter.release()
    }
  })
})
