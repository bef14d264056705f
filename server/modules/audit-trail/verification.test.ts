import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { withWholeLog } from '#platform/audit/root.store.ts'
import { openPool, type Pool } from '#platform/database/connection.ts'
import { withLongConnection } from './verification.ts'

const settings = `select pg_backend_pid() as pid, current_setting('statement_timeout') as statement_timeout,
  current_setting('idle_in_transaction_session_timeout') as idle_timeout, openward.setting('reach') as reach`
type Settings = { pid: number; statement_timeout: string; idle_timeout: string; reach: string | null }

describe('a connection that reads the whole audit log', () => {
  let url: string
  let pool: Pool
  before(async () => {
    url = await createTestDatabase()
    pool = openPool({ url, size: 1, name: 'test', on_error: () => undefined })
  })
  after(async () => {
    await pool.end()
    await dropTestDatabase(url)
  })
  const asked = async () => (await pool.query<Settings>(settings)).rows[0]

  it('serves requests again, with their limits and without its reach', async () => {
    const usual = await asked()
    const long = await withLongConnection(pool, (connection) =>
      withWholeLog(connection, 'read committed', async () => (await connection.query(settings)).rows[0]),
    )
    assert.deepEqual(long, { pid: usual?.pid, statement_timeout: '10min', idle_timeout: '0', reach: 'all' })
    assert.deepEqual(await asked(), usual)
    assert.deepEqual([usual?.statement_timeout, usual?.idle_timeout, usual?.reach], ['10s', '15s', null])
  })

  it('ends where the reading failed, however it was left', async () => {
    const usual = await asked()
    await assert.rejects(withLongConnection(pool, (connection) => connection.query('begin; select 1/0')))
    const next = await asked()
    assert.notEqual(next?.pid, usual?.pid)
    assert.deepEqual(next, { ...usual, pid: next?.pid })
  })
})
