import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { openPool, type Pool } from './connection.ts'
import { openSnapshot } from './snapshot.ts'
import { sql } from './sql.ts'

const lock = 4711

describe('a moment of the database', () => {
  let owner_url: string
  let pool: Pool
  before(async () => {
    owner_url = await createTestDatabase()
    pool = openPool({ url: owner_url, size: 3, name: 'test', on_error: () => undefined })
    await pool.query('create table things (id int)')
  })
  after(async () => {
    await pool.end()
    await dropTestDatabase(owner_url)
  })
  async function opened() {
    const snapshot = await openSnapshot(pool, lock)
    assert.ok(snapshot)
    return snapshot
  }

  it('stays as it was when it began, and is held by one at a time', async () => {
    const snapshot = await opened()
    assert.equal(await openSnapshot(pool, lock), undefined)
    assert.deepEqual(await snapshot.rows(sql`select id from things`), [])
    await pool.query('insert into things values (1)')
    assert.deepEqual(await snapshot.rows(sql`select id from things`), [])
    await snapshot.assertHeld()
    await snapshot.close()
    const next = await opened()
    assert.deepEqual(await next.rows(sql`select id from things`), [{ id: 1 }])
    await next.close()
  })

  it('that broke is said to be held no more, is closed all the same, and leaves its lock to the next', async () => {
    const snapshot = await opened()
    const [own] = await snapshot.rows(sql<{ pid: number }>`select pg_backend_pid() as pid`)
    await pool.query('select pg_terminate_backend($1, 10000)', [own?.pid])
    await assert.rejects(snapshot.assertHeld())
    await snapshot.close()
    await (await opened()).close()
  })

  it('that cannot be begun keeps neither its lock nor its connection', async () => {
    await pool.query('alter function openward.enter_as rename to enter_as_before')
    await assert.rejects(openSnapshot(pool, lock), { code: '42883' })
    await pool.query('alter function openward.enter_as_before rename to enter_as')
    await (await opened()).close()
    assert.equal(pool.idleCount, pool.totalCount)
  })
})
