// JB-07 and rows 8, 9 and 41: the server that tells webhooks is killed again and again in the middle of its work.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startReceiver } from '../../server/modules/webhooks/receiver.testing.ts'
import { signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { expectStatus } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

const events = 1000
const kills = 20

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster?.stop())

const waiting = async () =>
  (await cluster.rows<{ status: string; count: number }>(
    'select status, count(*)::int as count from webhook_deliveries group by 1 order by 1',
  )) as { status: string; count: number }[]

test(`${kills} kills in the middle of ${events} events lose none: each is told at least once, under one id, and of each record in order`, async (t) => {
  await using receiver = await startReceiver()
  receiver.answers((_, reply) => void setTimeout(() => reply.writeHead(204).end(), 10))
  let server: ServerProcess = await cluster.serve()
  const administrator = await signIn(server.port)
  const made = expectStatus(
    201,
    await administrator.ask('POST', '/api/v1/webhooks', { url: receiver.url, types: ['test.*'] }),
  ) as { secret: string }
  receiver.expect(made.secret)

  const records = Array.from({ length: 100 }, () => randomUUID())
  for (let batch = 0; batch < events / records.length; batch += 1)
    await cluster.rows(
      `insert into events (type, subject_type, subject_id) select 'test.happened', 'test', unnest($1::uuid[])`,
      [records],
    )
  for (let kill = 1; kill <= kills; kill += 1) {
    const soon = Math.floor((kill * events) / (kills + 4))
    await until(`${soon} are told`, () => new Set(receiver.told.map(({ id }) => id)).size >= soon, 120_000)
    server.kill('SIGKILL')
    await server.ended
    server = await cluster.serve()
  }
  await until(
    'all are told',
    async () => {
      const rows = await waiting()
      return rows.length === 1 && rows[0]?.status === 'delivered' && rows[0].count === events
    },
    120_000,
  )

  assert.equal(receiver.unsigned(), 0)
  const idsOfEvents = Map.groupBy(receiver.told, ({ event_id }) => event_id)
  assert.equal(idsOfEvents.size, events)
  for (const told of idsOfEvents.values()) assert.equal(new Set(told.map(({ id }) => id)).size, 1)
  for (const record of records) {
    // What was told again is told apart by its id; the first time counts.
    const first = new Set(
      receiver.told.filter(({ subject_id }) => subject_id === record).map(({ event_id }) => event_id),
    )
    assert.deepEqual([...first], [...first].toSorted())
  }
  t.diagnostic(`${receiver.told.length - events} of ${events} were told again`)
  server.kill('SIGTERM')
})

test('two servers share the work, and neither tells what the other tells', async (t) => {
  await using receiver = await startReceiver()
  receiver.answers((_, reply) => void setTimeout(() => reply.writeHead(204).end(), 5))
  const [one] = [await cluster.serve(), await cluster.serve()]
  const administrator = await signIn(one.port)
  const made = expectStatus(
    201,
    await administrator.ask('POST', '/api/v1/webhooks', { url: receiver.url, types: ['other.*'] }),
  ) as { secret: string }
  receiver.expect(made.secret)
  const records = Array.from({ length: 50 }, () => randomUUID())
  for (let batch = 0; batch < 10; batch += 1) {
    await cluster.rows(
      `insert into events (type, subject_type, subject_id) select 'other.happened', 'test', unnest($1::uuid[])`,
      [records],
    )
    await delay(50)
  }
  await receiver.until(() => receiver.taken.length >= 500)
  await delay(1000)
  assert.equal(receiver.told.length, 500)
  for (const record of records) {
    const told = receiver.taken.filter(({ subject_id }) => subject_id === record).map(({ event_id }) => event_id)
    assert.deepEqual(told, told.toSorted())
  }
  t.diagnostic('500 events')
})
