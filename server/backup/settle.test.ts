// A database whose rows came from another PostgreSQL: what was told to nobody yet is told, and what was told is not told again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { createTestDatabase, dropTestDatabase } from '../testing.ts'
import { settleTransactions } from './settle.ts'

let url: string
let client: pg.Client
before(async () => {
  url = await createTestDatabase()
  client = new pg.Client({ connectionString: url })
  await client.connect()
})
after(async () => {
  await client.end()
  await dropTestDatabase(url)
})

/** What each relay has not told yet, in its order, as a relay asks (events/relay.ts). */
async function waiting(): Promise<Record<string, string[]>> {
  const { rows } = await client.query<{ name: string; types: string[] }>(`
    select r.name, coalesce(array_agg(e.type order by e.recorded_xid, e.id) filter (where e.id is not null), '{}') as types
      from event_relays r left join events e on (e.recorded_xid, e.id) > (r.settled_xid, r.event_id) group by r.name`)
  return Object.fromEntries(rows.map(({ name, types }) => [name, types]))
}

test('relays go on where they stood, below every number that this PostgreSQL has given', async () => {
  const far = 9_000_000_000_000n
  await client.query('delete from event_relays')
  const ids: string[] = []
  for (let number = 0; number < 8; number += 1) {
    const { rows } = await client.query<{ id: string }>(
      `insert into events (recorded_xid, type, subject_type, subject_id) values ($1::text::xid8, $2, 'patient', uuidv7()) returning id`,
      // Two in one transaction each.
      [String(far + BigInt(Math.floor(number / 2))), `e${number}`],
    )
    ids.push(rows[0]?.id ?? '')
  }
  const stands = (name: string, xid: bigint, event_id = '00000000-0000-0000-0000-000000000000') =>
    client.query('insert into event_relays (name, settled_xid, event_id) values ($1, $2::text::xid8, $3)', [
      name,
      String(xid),
      event_id,
    ])
  await stands('none', far - 5n)
  await stands('within a transaction', far + 1n, ids[2])
  await stands('the same place', far + 1n, ids[2])
  await stands('before a transaction', far + 3n)
  await stands('all', far + 100n)
  const expected = await waiting()
  assert.deepEqual(
    Object.values(expected)
      .map(({ length }) => length)
      .toSorted((one, other) => one - other),
    [0, 2, 5, 5, 8],
  )

  await client.query('begin')
  await settleTransactions(client)
  await client.query('commit')
  assert.deepEqual(await waiting(), expected)
  const { rows } = await client.query<{ is_reached: boolean }>(`
    select bool_and(xid < openward.settled_xid()) as is_reached
      from (select recorded_xid as xid from events union all select settled_xid from event_relays) as numbers`)
  assert.deepEqual(rows, [{ is_reached: true }])
})

test('every column that holds the number of a transaction has been thought of', async () => {
  const { rows } = await client.query<{ found: string }>(`
    select attrelid::regclass || '.' || attname as found from pg_attribute a join pg_class c on c.oid = a.attrelid
     where atttypid = 'xid8'::regtype and relkind = 'r' and relnamespace in ('public'::regnamespace, 'openward'::regnamespace, 'pgboss'::regnamespace)
     order by 1`)
  assert.deepEqual(
    rows.map(({ found }) => found),
    [
      'audit_logs.recorded_xid',
      'audit_roots.horizon',
      'doctor_states.recorded_xid',
      'event_relays.settled_xid',
      'events.recorded_xid',
      'resource_states.recorded_xid',
    ],
  )
})
