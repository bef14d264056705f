import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { purgeEvents } from './retention.ts'

describe('events', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())

  const add = (age: string, count: number) =>
    api.rows(sql`
      insert into events (id, type, subject_type, subject_id)
      select uuidv7(-${age}::interval), ${age}, 'test', uuidv7() from generate_series(1, ${count}::int)`)
  const counts = async () => {
    const rows = await api.rows(
      sql<{
        type: string
        count: number
      }>`select type, count(*)::int as count from events where subject_type = 'test' group by 1`,
    )
    return Object.fromEntries(rows.map(({ type, count }) => [type, count]))
  }

  it('older than 30 days are deleted, in batches, and no other', async () => {
    await api.rows(sql`delete from events`)
    await add('400 days', 3)
    await add('720 hours 1 minute', 4)
    await add('719 hours 59 minutes', 2)
    await add('0 seconds', 1)
    assert.equal(await purgeEvents(api.system.pool, undefined, 2), 7)
    assert.deepEqual(await counts(), { '719 hours 59 minutes': 2, '0 seconds': 1 })
    assert.equal(await purgeEvents(api.system.pool), 0)
  })

  it('are deleted a batch at most once the run is given up', async () => {
    await add('400 days', 5)
    assert.equal(await purgeEvents(api.system.pool, AbortSignal.abort(), 2), 2)
    assert.equal(await purgeEvents(api.system.pool), 3)
  })
})
