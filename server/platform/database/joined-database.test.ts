import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApi, type TestApi } from '../../testing.ts'
import { joinedDatabase } from './joined-database.ts'
import { sql } from './sql.ts'
import type { Tx } from './transaction.ts'

describe('pieces of one transaction', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('leave neither entry nor event of a piece that was undone', async () => {
    const note = (tx: Tx, action: string) => {
      tx.audit({ action, resource_type: 'department', correlation_id: 'pieces' })
      tx.emit({ type: action, subject_type: 'department', subject_id: '0198c0de-0000-7000-8000-000000000001' })
    }
    await api.database.transaction(async (whole) => {
      const database = joinedDatabase(whole)
      const undone = database.transaction(async (tx) => {
        note(tx, 'piece.undone')
        await tx.run(sql`select 1 / ${0}::int`)
      })
      await assert.rejects(undone, { code: '22012' })
      await database.once(async (tx) => note(tx, 'piece.kept'))
    })
    const recorded = await api.rows(sql`
      select action as what from audit_logs where correlation_id = 'pieces' union all select type from events where type like 'piece.%'`)
    assert.deepEqual(recorded, [{ what: 'piece.kept' }, { what: 'piece.kept' }])
  })

  it('run one after the other, each in its own scope, also when they are begun together', async () => {
    const enter = (reach: string) => sql`select openward.enter_as(${reach})`
    const reachOf = async (tx: Tx) => {
      await tx.run(sql`select 1`)
      return (await tx.first(sql<{ reach: string }>`select openward.setting('reach') as reach`))?.reach
    }
    const found = await api.database.transaction(async (whole) => {
      const wider = joinedDatabase(whole, { enter: enter('find'), restore: enter('all') })
      const own = joinedDatabase(whole)
      return Promise.all([wider.transaction(reachOf), own.transaction(reachOf), wider.transaction(reachOf)])
    })
    assert.deepEqual(found, ['find', 'all', 'find'])
  })
})
