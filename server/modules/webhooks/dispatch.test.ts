import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { deliveryApi } from './delivery.contract.ts'
import { retryAfter } from './dispatch.ts'
import { type Receiver, startReceiver } from './receiver.testing.ts'
import { webhookApi } from './webhook.contract.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  await api.app.start()
})
after(() => api[Symbol.asyncDispose]())

/** A webhook of a type of its own, so that no other test tells it anything. */
async function begin(receiver: Receiver) {
  const kind = `test_${randomUUID().replaceAll(/[^a-f]/g, '')}${made++}`.replaceAll(
    /\d/g,
    (digit) => 'ghijklmnop'[Number(digit)] ?? '',
  )
  const { id, secret } = await admin.call(webhookApi.create, { body: { url: receiver.url, types: [`${kind}.*`] } })
  receiver.expect(secret)
  const params = { webhook_id: id }
  return {
    id,
    emit: (...subject_ids: string[]) =>
      api.database.once(async (tx) => {
        for (const subject_id of subject_ids)
          tx.emit({ type: `${kind}.happened`, subject_type: 'test', subject_id, payload: { not: 'told' } })
      }),
    state: () => admin.call(webhookApi.read, { params }),
    list: async (status: 'waiting' | 'delivered' | 'dead') =>
      (await admin.call(deliveryApi.list, { params, query: { status, limit: '100' } })).items,
    /** As if the time until the next attempts had passed. */
    hasten: () =>
      api.rows(
        sql`update webhook_deliveries set next_attempt_at = now() where webhook_id = ${id} and status = 'waiting' and claimed_until is null`,
      ),
    /** As if a pause were over. */
    resume: () => api.rows(sql`update webhooks set paused_until = now() where id = ${id} and paused_until is not null`),
  }
}
let made = 0

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    await wait(20)
  }
}
const subjects = (count: number) => Array.from({ length: count }, () => randomUUID())

describe('a webhook', { timeout: 60_000 }, () => {
  it('is told what happens, signed, with ids and the type and nothing else', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    const subject_id = randomUUID()
    await webhook.emit(subject_id)
    await receiver.until(() => receiver.taken.length === 1)
    assert.equal(receiver.unsigned(), 0)
    const [told] = receiver.told
    const { timestamp, type, data, ...rest } = JSON.parse(told?.body ?? '') as Record<string, unknown> & {
      data: Record<string, unknown>
    }
    assert.match(String(timestamp), /^\d{4}-.*Z$/)
    assert.match(String(type), /\.happened$/)
    assert.deepEqual(
      { ...data, event_id: typeof data['event_id'] },
      { event_id: 'string', subject_type: 'test', subject_id, patient_id: null },
    )
    assert.deepEqual(rest, {})
    const [delivery] = await until(
      () => webhook.list('delivered'),
      ({ length }) => length === 1,
    )
    assert.deepEqual([delivery?.id, delivery?.answered_status, delivery?.attempts], [told?.id, 204, 0])
    assert.equal((await webhook.state()).state, 'working')
  })

  it('is told of nothing that it did not ask for, nor of what did not commit', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    await api.database
      .transaction(async (tx) => {
        tx.emit({ type: 'test.other', subject_type: 'test', subject_id: randomUUID() })
        await tx.run(sql`select 1`)
        throw new Error('rolled back')
      })
      .catch(() => undefined)
    await api.database.once(async (tx) =>
      tx.emit({ type: 'test.other', subject_type: 'test', subject_id: randomUUID() }),
    )
    await webhook.emit(...subjects(1))
    await receiver.until(() => receiver.taken.length === 1)
    assert.equal(receiver.told.length, 1)
  })

  it('is told again what it did not take, under the same id, and of each record in order', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    const [one = '', other = ''] = subjects(2)
    let refusals = 2
    receiver.answers(({ subject_id }, reply) => {
      const refused = subject_id === one && refusals-- > 0
      reply.writeHead(refused ? 500 : 200).end()
    })
    await webhook.emit(one, one, other, one)
    await receiver.until(() => receiver.taken.length === 1)
    for (const left of [1, 0]) {
      await until(
        () => webhook.list('waiting'),
        (waiting) => waiting.some(({ attempts }) => attempts === 2 - left),
      )
      await webhook.hasten()
    }
    await receiver.until(() => receiver.taken.length === 4)
    const ofOne = receiver.told.filter(({ subject_id }) => subject_id === one)
    assert.equal(new Set(ofOne.slice(0, 3).map(({ id }) => id)).size, 1)
    const events = receiver.taken.filter(({ subject_id }) => subject_id === one).map(({ event_id }) => event_id)
    assert.deepEqual(events, events.toSorted())
    assert.equal(receiver.taken[0]?.subject_id, other)
    assert.equal(receiver.unsigned(), 0)
  })

  it('that never takes one of a hundred is told the ninety-nine, and the one is set aside until it is told again', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    const all = subjects(100)
    const poison = all[41] ?? ''
    receiver.answers(({ subject_id }, reply) => void reply.writeHead(subject_id === poison ? 500 : 200).end())
    await webhook.emit(...all)
    await receiver.until(() => receiver.taken.length === 99)
    while ((await webhook.list('dead')).length === 0) {
      await webhook.hasten()
      await webhook.resume()
      // Others go on: the webhook is not paused for good.
      await webhook.emit(...subjects(1))
      await wait(20)
    }
    const [dead] = await webhook.list('dead')
    assert.deepEqual([dead?.subject_id, dead?.failure, dead?.answered_status], [poison, 'answered_500', 500])
    assert.ok((dead?.attempts ?? 0) === 10)
    receiver.answers(undefined)
    await admin.call(deliveryApi.replay, { params: { delivery_id: dead?.id ?? '' } })
    await receiver.until(() => receiver.taken.some(({ subject_id }) => subject_id === poison))
    assert.equal(receiver.taken.find(({ subject_id }) => subject_id === poison)?.id, dead?.id)
    await until(
      () => webhook.list('dead'),
      ({ length }) => length === 0,
    )
  })

  it('that hangs holds up no other', async () => {
    await using hanging = await startReceiver()
    await using receiver = await startReceiver()
    hanging.answers(() => undefined)
    const [stuck, webhook] = [await begin(hanging), await begin(receiver)]
    await stuck.emit(...subjects(30))
    await hanging.until(() => hanging.told.length === 8)
    await webhook.emit(...subjects(100))
    await receiver.until(() => receiver.taken.length === 100)
    // No more of the other was begun meanwhile.
    assert.equal(hanging.told.length, 8)
  })

  it('that is away is paused, tried with one at a time, and told everything in order when it is back', async () => {
    const { port } = await closedReceiver()
    const records = subjects(4)
    let webhook: Awaited<ReturnType<typeof begin>>
    {
      await using receiver = await startReceiver({ port })
      webhook = await begin(receiver)
    }
    for (let turn = 0; turn < 10; turn += 1) await webhook.emit(...records)
    while ((await webhook.state()).state !== 'paused') {
      await webhook.hasten()
      await wait(20)
    }
    const counted = async () =>
      (await webhook.list('waiting')).map(({ attempts }) => attempts).reduce((sum, one) => sum + one, 0)
    const before_trials = await counted()
    for (let trial = 0; trial < 12; trial += 1) {
      const { last_failure_at } = await webhook.state()
      await webhook.resume()
      await until(webhook.state, (state) => state.last_failure_at !== last_failure_at)
    }
    assert.equal(await counted(), before_trials, 'trials count for nothing, so that nothing is given up')
    assert.equal((await webhook.list('waiting')).length, 40)
    await using receiver = await startReceiver({ port })
    await webhook.resume()
    await receiver.until(() => receiver.taken.length === 40)
    for (const record of records) {
      const events = receiver.taken.filter(({ subject_id }) => subject_id === record).map(({ event_id }) => event_id)
      assert.equal(events.length, 10)
      assert.deepEqual(events, events.toSorted())
    }
    assert.equal((await until(webhook.state, ({ waiting }) => waiting === 0)).state, 'working')
  })

  it('that leads elsewhere is not followed there', async () => {
    await using inside = await startReceiver()
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    receiver.answers((_, reply) => void reply.writeHead(302, { location: inside.url }).end())
    await webhook.emit(...subjects(1))
    const [waiting] = await until(
      () => webhook.list('waiting'),
      ([one]) => one?.attempts === 1,
    )
    assert.deepEqual([waiting?.failure, waiting?.answered_status], ['redirect_refused', 302])
    assert.equal(inside.told.length, 0)
  })

  it('is told what was claimed by a server that died, when its claim has lapsed', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    receiver.answers((_, reply) => void reply.writeHead(500).end())
    const record = randomUUID()
    await webhook.emit(record, record)
    await until(
      () => webhook.list('waiting'),
      (waiting) => waiting.some(({ attempts }) => attempts === 1),
    )
    receiver.answers(undefined)
    const claim = (seconds: number) =>
      api.rows(sql`
        update webhook_deliveries set next_attempt_at = now(), claimed_until = now() + ${seconds} * interval '1 second'
         where webhook_id = ${webhook.id} and attempts = 1`)
    await claim(600)
    const other = randomUUID()
    await webhook.emit(other)
    await receiver.until(() => receiver.taken.length === 1)
    assert.equal(receiver.taken[0]?.subject_id, other)
    await claim(0)
    await receiver.until(() => receiver.taken.length === 3)
    const events = receiver.taken.slice(1).map(({ event_id }) => event_id)
    assert.deepEqual(events, events.toSorted())
  })

  it('that is switched off is told nothing, and later nothing of that time', async () => {
    await using receiver = await startReceiver()
    const webhook = await begin(receiver)
    const params = { webhook_id: webhook.id }
    await admin.call(webhookApi.update, { params, body: { is_active: false } })
    await webhook.emit(...subjects(3))
    const [{ newest } = { newest: '' }] = await api.rows(
      sql<{ newest: string }>`select max(recorded_xid)::text as newest from events`,
    )
    await until(
      () => api.rows(sql<{ settled_xid: string }>`select settled_xid::text from event_relays where name = 'webhooks'`),
      ([row]) => BigInt(row?.settled_xid ?? 0) > BigInt(newest),
    )
    await admin.call(webhookApi.update, { params, body: { is_active: true } })
    const [last = ''] = subjects(1)
    await webhook.emit(last)
    await receiver.until(() => receiver.taken.length > 0)
    assert.deepEqual(
      receiver.taken.map(({ subject_id }) => subject_id),
      [last],
    )
  })

  it('waits longer after each failure, for hours in the end', () => {
    for (let attempts = 1; attempts < 9; attempts += 1) {
      const [least, most] = [retryAfter(attempts) / 1.2, retryAfter(attempts + 1) / 0.8]
      assert.ok(least < most, `${attempts}`)
    }
    assert.ok(retryAfter(1) >= 4 && retryAfter(1) <= 6)
    assert.ok(retryAfter(50) >= 23_040 && retryAfter(50) <= 34_560)
  })
})

describe('a server that stops', { timeout: 60_000 }, () => {
  it('lets go of what it is sending, for another to send', async () => {
    await using receiver = await startReceiver()
    receiver.answers(() => undefined)
    const leaving = await startTestApi()
    try {
      const person = await leaving.person('admin')
      const { id } = await person.call(webhookApi.create, { body: { url: receiver.url, types: ['test.*'] } })
      await leaving.app.start()
      await leaving.database.once(async (tx) =>
        tx.emit({ type: 'test.x', subject_type: 'test', subject_id: randomUUID() }),
      )
      await receiver.until(() => receiver.told.length === 1)
      await leaving.app.stop()
      const rows = await leaving.rows(
        sql`select status, attempts, claimed_until from webhook_deliveries where webhook_id = ${id}`,
      )
      assert.deepEqual(rows, [{ status: 'waiting', attempts: 0, claimed_until: null }])
    } finally {
      await leaving[Symbol.asyncDispose]()
    }
  })
})

/** A port at which nobody listens. */
async function closedReceiver(): Promise<{ port: number }> {
  await using receiver = await startReceiver()
  return { port: receiver.port }
}
