import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { openJson } from '#platform/encryption/sealing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { changesUnder } from './changes.ts'

type Row = { id: string; action: string; sealed_changes: Buffer | null }

describe('what an entry keeps sealed', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  const key = () => api.system.keys.system('audit')
  const entry = (action: string, changes?: object) => ({
    action,
    resource_type: 'probe',
    correlation_id: 'sealed together',
    ...(changes ? { changes: changesUnder(key(), changes) } : {}),
  })
  const open = (row_id: string, sealed: Buffer | null) =>
    openJson(key(), { table: 'audit_logs', column: 'sealed_changes', row_id }, sealed ?? Buffer.alloc(0))

  it('opens in that entry, in no other, and not by the id of its key', async () => {
    const given = randomUUIDv7()
    await api.database.transaction(async (tx) => {
      tx.audit(entry('one', { after: 'one' }))
      tx.audit(entry('between'))
      tx.audit(entry('other', { after: 'other' }))
      tx.audit({ ...entry('named', { after: 'named' }), id: given })
    })
    const rows = await api.rows<Row>(
      sql`select id, action, sealed_changes from audit_logs where correlation_id = 'sealed together' order by id`,
    )
    const [one, other, named] = ['one', 'other', 'named'].map((action) => rows.find((row) => row.action === action))
    assert.ok(one && other && named)
    assert.deepEqual(open(one.id, one.sealed_changes), { after: 'one' })
    assert.deepEqual(open(given, named.sealed_changes), { after: 'named' })
    for (const [row_id, sealed] of [
      [one.id, other.sealed_changes],
      [other.id, one.sealed_changes],
      [key().id, one.sealed_changes],
    ] as const)
      assert.throws(() => open(row_id, sealed), IntegrityError)
  })

  it('is as it was when the entry was made, and the entries keep their order', async () => {
    const changes = { after: 'now' }
    await api.database.transaction(async (tx) => {
      for (let at = 10; at < 30; at += 1) tx.audit(entry(`step ${at}`, at % 2 === 0 ? changes : undefined))
      changes.after = 'later'
    })
    const rows = await api.rows<Row>(
      sql`select id, action, sealed_changes from audit_logs where action like 'step %' order by id`,
    )
    assert.deepEqual(
      rows.map(({ action }) => action),
      Array.from({ length: 20 }, (_, at) => `step ${at + 10}`),
    )
    assert.deepEqual(open(rows[0]?.id ?? '', rows[0]?.sealed_changes ?? null), { after: 'now' })
  })
})
