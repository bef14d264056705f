import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase, dropTestDatabase } from '../../testing.ts'
import { runBatch } from './batch.ts'
import { openPool, type Pool } from './connection.ts'
import { literal, sql } from './sql.ts'

describe('a batch', () => {
  let owner_url: string
  let pool: Pool
  before(async () => {
    owner_url = await createTestDatabase()
    pool = openPool({ url: owner_url, size: 1, name: 'test', on_error: () => undefined })
    await pool.query('create table things (id int primary key, note text)')
  })
  after(async () => {
    await pool.end()
    await dropTestDatabase(owner_url)
  })

  async function run(...statements: Parameters<typeof runBatch>[1]) {
    const connection = await pool.connect()
    try {
      return await runBatch(connection, statements)
    } finally {
      connection.release()
    }
  }
  const insert = (id: number) => sql`insert into things (id) values (${id})`
  const count = async () => (await run(sql`select count(*) as n from things`)).answers[0]?.rows

  it('is never the way to fill the memory of the database with statements', async () => {
    for (let skip = 0; skip < 1500; skip += 1) {
      const { answers, error } = await run(
        sql`select ${skip}::int as n limit 1 offset ${literal(skip)}`,
        sql`select 2 as n`,
      )
      assert.equal(error, undefined)
      assert.deepEqual(
        answers.map(({ rows }) => rows),
        [skip === 0 ? [{ n: 0 }] : [], [{ n: 2 }]],
      )
    }
    const { answers } = await run(sql`select count(*) <= 1100 as is_bounded from pg_prepared_statements`)
    assert.deepEqual(answers[0]?.rows, [{ is_bounded: true }])
  })

  it('answers each statement in order, also those that give no rows', async () => {
    const { answers, error } = await run(
      insert(1),
      sql`select id, note from things`,
      sql`update things set note = ${'x'}`,
    )
    assert.equal(error, undefined)
    assert.deepEqual(answers, [
      { rows: [], count: 1, command: 'INSERT' },
      { rows: [{ id: 1, note: null }], count: 1, command: 'SELECT' },
      { rows: [], count: 1, command: 'UPDATE' },
    ])
  })

  it('keeps nothing where one statement fails, and says which by the answers before it', async () => {
    const before_ = await count()
    const { answers, error } = await run(insert(2), insert(3), insert(2), insert(4))
    assert.equal(answers.length, 2)
    assert.equal((error as { code?: string } | undefined)?.code, '23505')
    assert.deepEqual(await count(), before_)
  })

  it('runs a statement that stood behind a failed one, or failed to parse, when it is asked again', async () => {
    const behind = sql`select 'behind' as word`
    const wrong = sql`select nothing_such`
    assert.ok((await run(sql`select 1 / ${0}::int`, behind)).error)
    assert.deepEqual((await run(behind)).answers[0]?.rows, [{ word: 'behind' }])
    for (let times = 0; times < 2; times += 1)
      assert.equal(((await run(wrong, behind)).error as { code?: string } | undefined)?.code, '42703')
    assert.deepEqual((await run(behind)).answers[0]?.rows, [{ word: 'behind' }])
  })

  it('of a value that has no text fails, keeps nothing and leaves its connection to the next', async () => {
    const before_ = await count()
    const endless: Record<string, unknown> = {}
    endless['self'] = endless
    const statements = [insert(70), sql`select ${endless}::jsonb as value`, sql`select 'behind the endless' as word`]
    for (let times = 0; times < 2; times += 1) {
      const { answers, error } = await run(...statements)
      assert.deepEqual([answers, error?.name], [[], 'TypeError'])
    }
    assert.deepEqual(await count(), before_)
    const { answers } = await run(...statements.slice(2))
    assert.deepEqual(answers[0]?.rows, [{ word: 'behind the endless' }])
    assert.equal(pool.totalCount, 1)
  })

  it('takes the same statement many times', async () => {
    const { answers } = await run(...Array.from({ length: 200 }, (_, index) => sql`select ${index}::int as n`))
    assert.deepEqual(
      answers.map(({ rows }) => (rows[0] as { n: number }).n),
      Array.from({ length: 200 }, (_, index) => index),
    )
  })

  it('carries arrays, bytes, nulls and text of any script unharmed', async () => {
    const row = { bytes: Buffer.from([0, 255, 34, 92]), texts: ['a"b', 'c\\d', null, 'Ünï 🏥', ''], nothing: null }
    const { answers } = await run(
      sql`select ${row.bytes}::bytea as bytes, ${row.texts}::text[] as texts, ${null}::text as nothing`,
    )
    assert.deepEqual(answers[0]?.rows, [row])
  })

  it('tells a broken connection', async () => {
    const connection = await pool.connect()
    const { rows } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid')
    const ended = runBatch(connection, [sql`select pg_sleep(20)`])
    const other = openPool({ url: owner_url, size: 1, name: 'killer', on_error: () => undefined })
    await other.query(`select pg_terminate_backend(${literal(rows[0]?.pid ?? 0).text})`)
    assert.ok((await ended).error)
    connection.release(true)
    await other.end()
    assert.deepEqual((await run(sql`select 1 as n`)).answers[0]?.rows, [{ n: 1 }])
  })
})
