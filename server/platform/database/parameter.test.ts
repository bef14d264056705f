import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { runBatch } from './batch.ts'
import { openPool, type Pool } from './connection.ts'
import { type Sql, sql } from './sql.ts'

describe('a list that is sent', () => {
  let owner_url: string
  let pool: Pool
  before(async () => {
    owner_url = await createTestDatabase()
    pool = openPool({ url: owner_url, size: 1, name: 'test', on_error: () => undefined })
  })
  after(async () => {
    await pool.end()
    await dropTestDatabase(owner_url)
  })

  async function ask(statement: Sql) {
    const connection = await pool.connect()
    try {
      const { answers, error } = await runBatch(connection, [statement])
      assert.equal(error, undefined)
      const [row] = answers.flatMap(({ rows }) => rows as { list: unknown }[])
      return row?.list
    } finally {
      connection.release()
    }
  }

  it('arrives as it was, whatever its texts hold', async () => {
    for (const list of [
      ['null', 'NULL', null, ''],
      ['a,b', '{c}', '"', '\\', ' d ', '\n', 'e\\"f'],
      ['-', 'ß', '日'],
    ]) {
      assert.deepEqual(await ask(sql`select ${list}::text[] as list`), list)
    }
    const texts = fc.array(fc.option(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))))
    await fc.assert(
      fc.asyncProperty(texts, async (list) => {
        assert.deepEqual(await ask(sql`select ${list}::text[] as list`), list)
      }),
    )
  })

  it('arrives as it was, of numbers, truths, bytes, and lists', async () => {
    assert.deepEqual(await ask(sql`select ${[1, -2, null]}::int[] as list`), [1, -2, null])
    assert.deepEqual(await ask(sql`select ${[1.5, 1e300, Number.NaN]}::float8[] as list`), [1.5, 1e300, Number.NaN])
    assert.deepEqual(await ask(sql`select ${[true, false]}::boolean[] as list`), [true, false])
    assert.deepEqual(await ask(sql`select ${[Buffer.of(0, 92, 255), null]}::bytea[] as list`), [
      Buffer.of(0, 92, 255),
      null,
    ])
    assert.deepEqual(
      await ask(
        sql`select ${[
          ['a', 'null'],
          ['{', '"'],
        ]}::text[][] as list`,
      ),
      [
        ['a', 'null'],
        ['{', '"'],
      ],
    )
    assert.deepEqual(await ask(sql`select ${[]}::text[] as list`), [])
  })
})
