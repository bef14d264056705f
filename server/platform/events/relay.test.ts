import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import type { FollowedEvent } from './follower.ts'
import { relayEvents } from './relay.ts'

let api: TestApi
before(async () => {
  api = await startTestApi()
  await api.rows(
    sql`create table relayed (at bigserial, number integer, name text); grant all on relayed, relayed_at_seq to openward_app`,
  )
})
after(() => api[Symbol.asyncDispose]())
beforeEach(async () => {
  await api.rows(sql`delete from relayed`)
  await api.rows(sql`delete from event_relay_failures`)
  await api.rows(
    sql`insert into event_relays values ('test', openward.settled_xid(), '00000000-0000-0000-0000-000000000000')
        on conflict (name) do update set settled_xid = excluded.settled_xid, event_id = excluded.event_id`,
  )
})

const subject_id = '0198c0de-0000-7000-8000-000000000001'

function emit(numbers: readonly number[], type = 'test.relayed') {
  return api.database.once(async (tx) => {
    for (const number of numbers) tx.emit({ type, subject_type: 'test', subject_id, payload: { number } })
  })
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

async function write(tx: Tx, events: readonly FollowedEvent[], name = 'one') {
  for (const { payload } of events)
    await tx.run(sql`insert into relayed (number, name) values (${Number(payload['number'])}, ${name})`)
}

function start(relay: (tx: Tx, events: readonly FollowedEvent[]) => Promise<void>, database = api.database) {
  return relayEvents({
    database,
    name: 'test',
    types: ['test.relayed'],
    relay,
    log: api.system.log,
    every_ms: 5,
  })
}

async function until<T>(read: () => Promise<T[]>, count: number): Promise<T[]> {
  for (;;) {
    const rows = await read()
    if (rows.length >= count) return rows
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const pidOf = (client: pg.Client) => (client as unknown as { processID: number }).processID
const relayed = () => api.rows(sql<{ number: number; name: string }>`select number, name from relayed order by at`)

describe('relaying events', () => {
  it('does each once and in order, of more than a page', { timeout: 30_000 }, async () => {
    await emit(upTo(450))
    const relay = start(write)
    await until(relayed, 450)
    await emit([450])
    const rows = await until(relayed, 451)
    await relay.stop()
    assert.deepEqual(
      rows.map(({ number }) => number),
      upTo(451),
    )
  })

  it('does each once where several servers relay', { timeout: 30_000 }, async () => {
    const relays = ['one', 'two', 'three'].map((name) => start((tx, events) => write(tx, events, name)))
    for (const number of upTo(60)) await emit([number])
    await until(relayed, 60)
    await Promise.all(relays.map((relay) => relay.stop()))
    const rows = await relayed()
    assert.deepEqual(
      rows.map(({ number }) => number),
      upTo(60),
    )
  })

  it('leaves nothing of what fails, and does it again', { timeout: 30_000 }, async () => {
    await emit(upTo(10))
    let failures = 0
    const relay = start(async (tx, events) => {
      await write(tx, events)
      if (failures++ < 2) throw new Error('not yet')
    })
    await until(relayed, 10)
    await relay.stop()
    assert.deepEqual(
      (await relayed()).map(({ number }) => number),
      upTo(10),
    )
  })

  it('sets aside the one that never succeeds, and goes on with the others', { timeout: 30_000 }, async () => {
    await emit(upTo(20))
    const relay = start(async (tx, events) => {
      await write(tx, events)
      if (events.some(({ payload }) => payload['number'] === 7)) throw new Error('poison')
    })
    await until(relayed, 19)
    await relay.stop()
    assert.deepEqual(
      (await relayed()).map(({ number }) => number),
      upTo(20).filter((number) => number !== 7),
    )
    const aside = await api.rows(
      sql`select f.code, e.payload from event_relay_failures f join events e on e.id = f.event_id where relay = 'test'`,
    )
    assert.deepEqual(aside, [{ code: 'unexpected', payload: { number: 7 } }])
  })

  it('sets nothing aside for what is not its fault, and pauses longer each time', { timeout: 30_000 }, async () => {
    await emit([1, 2])
    const tried_at: number[] = []
    const relay = start(async (tx, events) => {
      tried_at.push(performance.now())
      if (tried_at.length <= 6) throw new Problem(unavailable)
      if (tried_at.length <= 8) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      await write(tx, events)
    })
    await until(relayed, 2)
    await relay.stop()
    assert.deepEqual(await api.rows(sql`select from event_relay_failures`), [])
    const pauses = tried_at.map((at, index) => at - (tried_at[index - 1] ?? at))
    assert.ok((pauses[8] ?? 0) >= 150 && (pauses[7] ?? 0) >= 75, pauses.map(Math.round).join())
    // What succeeds begins the pauses anew.
    assert.ok((pauses[9] ?? 0) < 75, pauses.map(Math.round).join())
  })

  it('sets aside at once whose key is not here, and tries it again by itself', { timeout: 30_000 }, async () => {
    await emit(upTo(3))
    let isHere = false
    let tries = 0
    const relay = start(async (tx, events) => {
      for (const { payload } of events) {
        if (payload['number'] !== 1) continue
        tries += 1
        if (!isHere) throw new KeyUnavailable('elsewhere')
      }
      await write(tx, events)
    })
    await until(relayed, 2)
    // Once among the others, and once alone.
    assert.equal(tries, 2)
    assert.deepEqual(await api.rows(sql`select code from event_relay_failures`), [{ code: 'key_unavailable' }])
    const lapse = () => api.rows(sql`update event_relay_failures set failed_at = now() - interval '11 minutes'`)
    await lapse()
    await until(() => api.rows(sql`select from event_relay_failures where failed_at > now() - interval '1 minute'`), 1)
    assert.equal(tries, 3)
    isHere = true
    await lapse()
    await until(relayed, 3)
    await relay.stop()
    assert.deepEqual(await api.rows(sql`select from event_relay_failures`), [])
  })

  it('has it in the audit log where a record is damaged', { timeout: 30_000 }, async () => {
    await emit([1])
    const relay = start(async () => {
      throw new IntegrityError('patients.sealed_contact', subject_id)
    })
    await until(() => api.rows(sql`select from event_relay_failures`), 1)
    await relay.stop()
    assert.deepEqual(await api.rows(sql`select details from audit_logs where action = 'integrity.failed'`), [
      { details: { operation: 'relay of test', where: 'patients.sealed_contact', row_id: subject_id } },
    ])
    assert.deepEqual(await api.rows(sql`select code from event_relay_failures`), [{ code: 'integrity_error' }])
  })

  it(
    'tries again what was set aside when that is asked for, once, and keeps it aside where it fails again',
    { timeout: 30_000 },
    async () => {
      await emit(upTo(4))
      let isMended = false
      const tried: number[] = []
      const relay = start(async (tx, events) => {
        await write(tx, events)
        for (const { payload } of events) {
          const number = Number(payload['number'])
          if (number === 1) tried.push(number)
          if (number === 1 && !isMended) throw new Error('poison')
        }
      })
      const aside = () =>
        api.rows(sql<{ is_asked: boolean; failed_at: string }>`
      select replay_requested_at is not null as is_asked, failed_at from event_relay_failures where relay = 'test'`)
      const ask = () => api.rows(sql`update event_relay_failures set replay_requested_at = now() where relay = 'test'`)
      await until(relayed, 3)
      const [first] = await until(aside, 1)
      const before = tried.length
      await ask()
      await until(
        async () => (await aside()).filter(({ is_asked, failed_at }) => !is_asked && failed_at !== first?.failed_at),
        1,
      )
      assert.equal(tried.length, before + 1)
      isMended = true
      await ask()
      await until(async () => ((await aside()).length === 0 ? [0] : []), 1)
      await relay.stop()
      assert.deepEqual(
        (await relayed()).map(({ number }) => number),
        [0, 2, 3, 1],
      )
      assert.equal(tried.length, before + 2)
    },
  )

  it('sets nothing aside that another server has taken over meanwhile', { timeout: 30_000 }, async (t) => {
    await emit([1])
    const other = new pg.Client({ connectionString: api.owner_url })
    await other.connect()
    // What it holds must keep no other test waiting, and a relay no process alive, where this one fails.
    t.after(() => other.end())
    const begun: unknown[] = []
    let tries = 0
    let taken: Promise<unknown> | undefined
    const counted: typeof api.database = {
      ...api.database,
      async transaction(work) {
        begun.push(work)
        // The row is free for a moment, and whoever is quick has it.
        await taken
        return api.database.transaction(work)
      },
    }
    const relay = start(async (tx, events) => {
      tries += 1
      if (tries > 4) return write(tx, events)
      // The page failed once, and its event alone twice: this is the last time.
      if (tries === 4) {
        await other.query('begin')
        taken = other.query(`select from event_relays where name = 'test' for update`)
        await until(() => api.rows(sql`select from pg_locks where not granted and pid = ${pidOf(other)}`), 1)
      }
      throw new Error('not yet')
    }, counted)
    t.after(() => relay.stop())
    await until(async () => (taken ? [await taken] : []), 1)
    // One that was to set it aside, and several that look for more.
    const rounds = begun.length
    await until(async () => begun, rounds + 4)
    assert.equal(tries, 4)
    assert.deepEqual(await api.rows(sql`select from event_relay_failures`), [])
    await other.query('rollback')
    await until(relayed, 1)
    await relay.stop()
    assert.deepEqual(await api.rows(sql`select from event_relay_failures`), [])
  })

  it('does not read again what is of no concern to it', { timeout: 30_000 }, async () => {
    const relay = start(write)
    await emit(upTo(5), 'test.other')
    await emit([1])
    await until(relayed, 1)
    await relay.stop()
    const [{ left } = { left: -1 }] = await api.rows(
      sql<{ left: number }>`select count(*)::int as left from events e join event_relays r on r.name = 'test'
                             where (e.recorded_xid, e.id) > (r.settled_xid, r.event_id)`,
    )
    assert.equal(left, 0)
  })
})
