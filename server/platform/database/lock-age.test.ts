import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openPool } from './connection.ts'
import { lockMeasure } from './lock-age.ts'

it('the age of locks is no figure at all while the database does not answer', async () => {
  const pool = openPool({
    url: 'postgres://nobody@127.0.0.1:9/none',
    size: 1,
    name: 'test',
    on_error: () => undefined,
  })
  assert.equal(await lockMeasure(pool).read(), undefined)
  await pool.end()
})
