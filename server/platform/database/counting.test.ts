import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApi, type TestApi } from '../../testing.ts'
import { openPool, type Pool } from './connection.ts'
import { countingDatabase } from './counting.ts'
import { sql } from './sql.ts'

describe('the database of figures', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('does not ask the primary what the replica refuses: it would be asked twice for nothing', async () => {
    let asked = 0
    const wrong = countingDatabase({ pool: api.system.pool, replica: api.system.pool, log: api.system.log })
    const ask = wrong.once((tx) => {
      asked += 1
      return tx.rows(sql`select 1 / ${0}::int`)
    })
    await assert.rejects(ask, { code: '22012' })
    assert.equal(asked, 1)
  })

  it('asks the primary at one moment where the replica is away', async () => {
    const replica: Pool = openPool({
      url: 'postgres://nobody@127.0.0.1:9/none',
      size: 1,
      name: 'test',
      on_error: () => undefined,
    })
    const counting = countingDatabase({ pool: api.system.pool, replica, log: api.system.log })
    const rows = await counting.atOneMoment((tx) =>
      tx.rows(sql`select current_setting('transaction_isolation') as isolation`),
    )
    assert.deepEqual(rows, [{ isolation: 'repeatable read' }])
    await replica.end()
  })

  it('keeps no audit entries, and says so to whoever gives it one', async () => {
    const counting = countingDatabase(api.system)
    await assert.rejects(
      counting.atOneMoment(async (tx) => tx.audit({ action: 'test.counted', resource_type: 'test' })),
      /takes no audit entries/,
    )
    assert.deepEqual(await api.rows(sql`select from audit_logs where action = 'test.counted'`), [])
  })
})
