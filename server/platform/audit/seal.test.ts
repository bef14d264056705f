import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import {
  publishToMemory,
  createTestSigner,
  insertEntries,
  sealExactly,
  startForeignTransaction,
  startAuditDatabase,
  startSealedLog,
} from './testing.ts'
import { appendLeaf, emptyFrontier, hashLeaf, rootOfFrontier } from './merkle.ts'
import { hashOfRoot, type SignedRoot, signRoot } from './root.ts'
import { insertRoot } from './root.store.ts'
import { AuditForkError, sealAudit } from './seal.ts'
import { verifyAudit } from './verify.ts'

const { signer, keys } = createTestSigner()

test('committed entries are sealed in their order under one root, which is published, by the application role', async () => {
  await using database = await startAuditDatabase()
  const app = await database.connect('openward_app')
  const ids = [...(await insertEntries(database.owner, 3)), ...(await insertEntries(database.owner, 2))]
  const { published, publisher } = publishToMemory()
  await sealExactly(5, app, signer, publisher)
  assert.deepEqual(await sealedIds(database.owner), ids)
  assert.deepEqual(
    published.map(({ tree_size, previous_hash }) => ({ tree_size, previous_hash })),
    [{ tree_size: 5, previous_hash: null }],
  )
  const verdict = await verifyAudit(app, keys, { outside: published })
  assert.deepEqual(
    [verdict.is_whole, verdict.whole_entries, verdict.agreeing_outside_roots],
    [true, 5, 1],
    JSON.stringify(verdict.first),
  )
})

test('a run that finds nothing new writes nothing', async () => {
  await using log = await startSealedLog()
  assert.deepEqual(await sealAudit(log.owner, log.signer, log.publisher), { sealed: 0 })
  assert.equal(log.published.length, 3)
})

test('an entry that commits late is sealed, and nothing that came after it is sealed before it', async () => {
  await using database = await startAuditDatabase()
  const { publisher } = publishToMemory()
  const slow = await database.connect()
  const [early] = await insertEntries(database.owner, 1)
  await slow.query('begin')
  const [late] = await insertEntries(slow, 1)
  const [after] = await insertEntries(database.owner, 1)
  await sealExactly(1, database.owner, signer, publisher)
  assert.deepEqual(await sealAudit(database.owner, signer, publisher), { sealed: 0 })
  const waiting = await verifyAudit(database.owner, keys)
  assert.deepEqual([waiting.is_whole, waiting.whole_entries, waiting.unsealed_entries], [true, 1, 1])
  await slow.query('commit')
  await sealExactly(2, database.owner, signer, publisher)
  assert.deepEqual(await sealedIds(database.owner), [early, late, after])
})

test(
  'a transaction that stays open in another database of the cluster holds nothing up',
  { timeout: 30_000 },
  async () => {
    await using database = await startAuditDatabase()
    await using _foreign = await startForeignTransaction()
    const app = await database.connect('openward_app')
    const { publisher } = publishToMemory()
    for (const turn of [1, 2]) {
      await insertEntries(database.owner, 3)
      await sealExactly(3, app, signer, publisher)
      const verdict = await verifyAudit(app, keys)
      assert.deepEqual([verdict.is_whole, verdict.whole_entries, verdict.unsealed_entries], [true, turn * 3, 0])
    }
  },
)

test('an entry that was rolled back leaves no gap', async () => {
  await using database = await startAuditDatabase()
  const { publisher } = publishToMemory()
  await database.owner.query('begin')
  await insertEntries(database.owner, 1)
  await database.owner.query('rollback')
  await insertEntries(database.owner, 1)
  await sealExactly(1, database.owner, signer, publisher)
  assert.ok((await verifyAudit(database.owner, keys)).is_whole)
})

test('every entry of writers racing with two sealers is sealed exactly once', async () => {
  await using database = await startAuditDatabase()
  const { published, publisher } = publishToMemory()
  let writing = true
  async function write() {
    const client = await database.connect('openward_app')
    for (let turn = 0; turn < 60; turn++) {
      await client.query('begin')
      await client.query(`select openward.enter_as('all')`)
      await insertEntries(client, 1 + (turn % 3))
      await client.query(turn % 10 === 9 ? 'rollback' : 'commit')
    }
  }
  async function seal() {
    const client = await database.connect('openward_app')
    let runs = 0
    for (; writing; runs++) await sealAudit(client, signer, publisher)
    return runs
  }
  const sealers = [seal(), seal()]
  await Promise.all([write(), write(), write(), write()])
  writing = false
  const runs = await Promise.all(sealers)
  while ((await verifyAudit(database.owner, keys)).unsealed_entries > 0)
    await sealAudit(database.owner, signer, publisher)
  assert.ok(Math.min(...runs) > 1)
  const verdict = await verifyAudit(database.owner, keys, { outside: published })
  // Of 60 transactions of 1, 2 and 3 entries (120 in all) each tenth is rolled back: 1, 2, 3, 1, 2 and 3 entries.
  assert.equal(verdict.whole_entries, 4 * 108)
  assert.deepEqual([verdict.is_whole, verdict.unsealed_entries], [true, 0], JSON.stringify(verdict.first))
  assert.equal(verdict.agreeing_outside_roots, published.length)
  assert.ok(published.length > 1)
})

test('while another server seals, a run does nothing', async () => {
  await using database = await startAuditDatabase()
  const { publisher } = publishToMemory()
  const other = await database.connect()
  await insertEntries(database.owner, 1)
  await other.query('select pg_advisory_lock(7203441006)')
  assert.deepEqual(await sealAudit(database.owner, signer, publisher), { sealed: 0 })
  await other.query('select pg_advisory_unlock(7203441006)')
  await sealExactly(1, database.owner, signer, publisher)
})

test('a backlog larger than a batch is sealed under one root', async () => {
  await using database = await startAuditDatabase()
  const { published, publisher } = publishToMemory()
  await insertEntries(database.owner, 20_001)
  await sealExactly(20_001, database.owner, signer, publisher)
  assert.deepEqual(
    published.map(({ tree_size }) => tree_size),
    [20_001],
  )
  const verdict = await verifyAudit(database.owner, keys, { outside: published })
  assert.deepEqual([verdict.is_whole, verdict.whole_entries], [true, 20_001])
})

test('a root that could not be published is published by the next run', async () => {
  await using database = await startAuditDatabase()
  const { published, publisher } = publishToMemory()
  const full = { ...publisher, publish: () => Promise.reject(new Error('disk full')) }
  await insertEntries(database.owner, 1)
  await assert.rejects(async () => {
    for (;;) await sealAudit(database.owner, signer, full)
  }, /disk full/)
  await insertEntries(database.owner, 1)
  await sealExactly(1, database.owner, signer, publisher)
  assert.deepEqual(
    published.map(({ tree_size }) => tree_size),
    [1, 2],
  )
})

test('however many roots are to be published, each is, once and in order', async () => {
  await using database = await startAuditDatabase()
  const frontier = emptyFrontier()
  let previous_hash: Buffer | null = null
  const count = 1001
  await database.owner.query('begin')
  for (let tree_size = 1; tree_size <= count; tree_size += 1) {
    appendLeaf(frontier, hashLeaf(Buffer.from(String(tree_size))))
    const root = { tree_size, root_hash: rootOfFrontier(frontier), sealed_at: '2026-01-01T00:00:00Z', previous_hash }
    const signed = signRoot(root, signer)
    await insertRoot(database.owner, signed, '0', frontier)
    previous_hash = hashOfRoot(signed)
  }
  await database.owner.query('commit')
  const { published, publisher } = publishToMemory()
  const chunks: number[] = []
  const counting = {
    ...publisher,
    publish: async (roots: SignedRoot[]) => {
      chunks.push(roots.length)
      await publisher.publish(roots)
    },
  }
  assert.deepEqual(await sealAudit(database.owner, signer, counting), { sealed: 0 })
  assert.deepEqual(chunks, [500, 500, 1])
  assert.deepEqual(
    published.map(({ tree_size }) => tree_size),
    Array.from({ length: count }, (_, index) => index + 1),
  )
})

test('after a restore into another cluster, whose transaction numbers begin again, nothing is skipped or sealed twice', async () => {
  await using log = await startSealedLog()
  const [ancient] = await insertEntries(log.owner, 1)
  await log.owner.query(`update audit_logs set recorded_xid = (recorded_xid::text::bigint + 1000000000)::text::xid8`)
  await log.owner.query(`update audit_roots set horizon = (horizon::text::bigint + 1000000000)::text::xid8`)
  const [young] = await insertEntries(log.owner, 1)
  const before = await verifyAudit(log.owner, log.keys)
  assert.deepEqual([before.is_whole, before.unsealed_entries], [true, 2], JSON.stringify(before.first))
  await sealExactly(2, log.owner, log.signer, log.publisher)
  assert.deepEqual(new Set((await sealedIds(log.owner)).slice(30)), new Set([ancient, young]))
  const [next] = await insertEntries(log.owner, 1)
  await sealExactly(1, log.owner, log.signer, log.publisher)
  assert.deepEqual((await sealedIds(log.owner)).slice(32), [next])
  const verdict = await verifyAudit(log.owner, log.keys, { outside: log.published })
  assert.deepEqual([verdict.is_whole, verdict.whole_entries], [true, 33], JSON.stringify(verdict.first))
})

test('entries that came from another cluster before any of them was sealed are sealed', async () => {
  await using database = await startAuditDatabase()
  const { published, publisher } = publishToMemory()
  const ids = await insertEntries(database.owner, 3)
  await database.owner.query(
    `update audit_logs set recorded_xid = (recorded_xid::text::bigint + 1000000000)::text::xid8`,
  )
  await sealExactly(3, database.owner, signer, publisher)
  assert.deepEqual((await sealedIds(database.owner)).toSorted(), ids)
  assert.equal(published.length, 1)
})

test('a database that is behind what was published is reported as a fork and not sealed on', async () => {
  await using log = await startSealedLog()
  await log.owner.query('delete from audit_roots where tree_size > 20')
  await log.owner.query('delete from audit_leaves where seq > 20')
  await assert.rejects(sealAudit(log.owner, log.signer, log.publisher), AuditForkError)
  assert.equal((await sealedIds(log.owner)).length, 20)
})

test('a tree that does not belong to its root is not grown on', async () => {
  await using log = await startSealedLog()
  await insertEntries(log.owner, 1)
  for (const frontier of ['sha256(frontier) || substr(frontier, 33)', 'substr(frontier, 2)']) {
    await log.owner.query(`update audit_roots set frontier = ${frontier}`)
    await assert.rejects(sealAudit(log.owner, log.signer, log.publisher), AuditForkError, frontier)
  }
})

for (const table of ['audit_logs', 'audit_leaves', 'audit_roots']) {
  const statements = [`delete from ${table}`, `truncate ${table}`, `update ${table} set ${anyColumn(table)}`]
  for (const statement of statements) {
    test(`neither the application nor an owner without superuser rights may ${statement}`, async () => {
      await using log = await startSealedLog()
      const app = await log.connect('openward_app')
      await app.query(`select set_config('openward.reach', 'all', false)`)
      await assert.rejects(app.query(statement), /permission denied/)
      // Everything that an owner could be granted; row-level security would let a plain role see no row to refuse.
      await log.owner.query(`alter table ${table} disable row level security`)
      await log.owner.query(`grant all on ${table} to openward_app`)
      await assert.rejects(app.query(statement), /the audit log is never changed/)
    })
  }
}

test('the application can neither date an entry nor number its transaction', async () => {
  await using database = await startAuditDatabase()
  const app = await database.connect('openward_app')
  const entry = `(action, resource_type, outcome, correlation_id`
  for (const [column, value] of [
    ['timestamp', '2020-01-01T00:00:00Z'],
    ['recorded_xid', '1'],
  ]) {
    const statement = `insert into audit_logs ${entry}, ${column}) values ('read', 'patient', 'success', 'c', '${value}')`
    await assert.rejects(app.query(statement), /permission denied/)
  }
  await app.query(`insert into audit_logs ${entry}) values ('read', 'patient', 'success', 'c')`)
})

function anyColumn(table: string): string {
  return { audit_logs: `action = 'x'`, audit_leaves: 'seq = seq + 1000' }[table] ?? `key_id = 'x'`
}

async function sealedIds(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ entry_id: string }>('select entry_id from audit_leaves order by seq')
  return rows.map(({ entry_id }) => entry_id)
}
