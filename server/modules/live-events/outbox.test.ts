import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { forbidden, malformed, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { eventGone, outboxApi, type OutboxEvent } from './outbox.contract.ts'

// The server is not started: no relay moves but by hand.
describe('the outbox of events', () => {
  let api: TestApi
  let admin: Person
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
  })
  after(() => api[Symbol.asyncDispose]())

  const emit = (type: string, ...subject_ids: string[]) =>
    api.database.once(async (tx) => {
      for (const subject_id of subject_ids)
        tx.emit({ type, subject_type: 'test', subject_id, payload: { not: 'told' } })
    })
  const relay = async (name: string) => {
    const { relays } = await admin.call(outboxApi.overview, {})
    return relays.find((one) => one.name === name)
  }
  const comeUpToDate = (name: string) =>
    api.rows(
      sql`update event_relays set settled_xid = pg_snapshot_xmax(pg_current_snapshot()), event_id = '00000000-0000-0000-0000-000000000000' where name = ${name}`,
    )
  const list = (query: { type?: string; limit?: string; cursor?: string } = {}) => admin.call(outboxApi.list, { query })

  it('tells how many events each relay has not come to, and since when', async () => {
    await comeUpToDate('webhooks')
    assert.deepEqual(await relay('webhooks'), { name: 'webhooks', waiting: 0, waiting_since: null, set_aside: 0 })
    await emit('test.behind', randomUUID(), randomUUID())
    const { items } = await list({ type: 'test.behind' })
    assert.deepEqual(
      items.map(({ is_waiting }) => is_waiting),
      [true, true],
    )
    const behind = await relay('webhooks')
    assert.deepEqual([behind?.waiting, behind?.waiting_since], [2, items[1]?.created_at])
    for (const name of ['webhooks', 'notifications', 'waitlist']) await comeUpToDate(name)
    const after = await list({ type: 'test.behind' })
    assert.deepEqual(
      after.items.map(({ is_waiting }) => is_waiting),
      [false, false],
    )
  })

  it('counts no further than a thousand', async () => {
    await comeUpToDate('waitlist')
    await api.rows(
      sql`insert into events (type, subject_type, subject_id) select 'test.many', 'test', uuidv7() from generate_series(1, 1001)`,
    )
    assert.equal((await relay('waitlist'))?.waiting, 1000)
  })

  it('shows what a relay could not take, also when the event is gone', async () => {
    const subject_id = randomUUID()
    await emit('test.aside', subject_id)
    const event_id = String((await list({ type: 'test.aside' })).items[0]?.id)
    const gone_id = randomUUID()
    await api.rows(
      sql`insert into event_relay_failures (relay, event_id, code, failed_at)
          values ('notifications', ${event_id}, 'unexpected', now()), ('notifications', ${gone_id}, 'unavailable', now() - interval '1 day')`,
    )
    const { set_aside, relays } = await admin.call(outboxApi.overview, {})
    assert.deepEqual(
      set_aside.map(({ failed_at, ...rest }) => (failed_at > '2020' ? rest : failed_at)),
      [
        {
          relay: 'notifications',
          event_id,
          type: 'test.aside',
          subject_type: 'test',
          subject_id,
          code: 'unexpected',
          replay_requested_at: null,
        },
        {
          relay: 'notifications',
          event_id: gone_id,
          type: null,
          subject_type: null,
          subject_id: null,
          code: 'unavailable',
          replay_requested_at: null,
        },
      ],
    )
    assert.equal(relays.find(({ name }) => name === 'notifications')?.set_aside, 2)
    const replay = (relay_name: string, id: string, who = admin) =>
      who.call(outboxApi.replay, { params: { relay: relay_name, event_id: id } })
    await replay('notifications', event_id)
    await replay('notifications', event_id)
    await assert.rejects(replay('notifications', gone_id), refusedWith(eventGone))
    await assert.rejects(replay('webhooks', event_id), refusedWith(notFound))
    await assert.rejects(replay('notifications', event_id, await api.person('auditor')), refusedWith(forbidden))
    const again = (await admin.call(outboxApi.overview, {})).set_aside
    assert.deepEqual(
      again.map(({ replay_requested_at }) => replay_requested_at !== null),
      [true, false],
    )
    const entries = await api.rows(
      sql`select outcome, user_id, details from audit_logs where action = 'event.replay' and resource_id = ${event_id} and outcome = 'success'`,
    )
    const entry = {
      outcome: 'success',
      user_id: admin.user_id,
      details: { relay: 'notifications', type: 'test.aside' },
    }
    assert.deepEqual(entries, [entry, entry])
  })

  it('is read to its end by cursor, newest first, without what it holds or whom it is about', async () => {
    const subject_ids = [randomUUID(), randomUUID(), randomUUID()]
    await emit('test.paged', ...subject_ids)
    const seen: OutboxEvent[] = []
    let cursor: string | undefined
    do {
      const page = await list({ type: 'test.paged', limit: '2', ...(cursor && { cursor }) })
      seen.push(...page.items)
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    assert.deepEqual(
      seen.map(({ subject_id }) => subject_id),
      subject_ids.toReversed(),
    )
    assert.ok(!JSON.stringify(seen).includes('told'))
    assert.deepEqual(
      (await list({ limit: '3' })).items.map(({ id }) => id),
      seen.map(({ id }) => id),
    )
  })

  it('tells which webhooks were told of an event', async () => {
    await emit('test.told', randomUUID())
    const event_id = String((await list({ type: 'test.told' })).items[0]?.id)
    for (const status of ['delivered', 'delivered', 'dead', 'waiting']) {
      await api.rows(
        sql`with hook as (
              insert into webhooks (url, types, key_id, sealed_secret) select 'https://example.org', '{*}', id, '' from system_keys limit 1 returning id)
            insert into webhook_deliveries (webhook_id, event_id, type, subject_id, status)
            select id, ${event_id}, 'test.told', uuidv7(), ${status} from hook`,
      )
    }
    const [event] = (await list({ type: 'test.told' })).items
    assert.deepEqual(event?.deliveries, { waiting: 1, delivered: 2, dead: 1 })
  })

  it('is for administrators alone, and takes no cursor of another list', async () => {
    const nurse = await api.person('nurse')
    await assert.rejects(nurse.call(outboxApi.overview, {}), refusedWith(forbidden))
    await assert.rejects(nurse.call(outboxApi.list, { query: {} }), refusedWith(forbidden))
    await assert.rejects(list({ cursor: 'nonsense' }), refusedWith(malformed))
  })
})
