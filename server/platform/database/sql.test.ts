import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { all, literal, skipped, sql } from './sql.ts'

describe('a statement', () => {
  it('sends every value apart from the text', () => {
    const { text, values } = sql`select * from a where b = ${"'; drop table a"} and c = ${2}`
    assert.equal(text, 'select * from a where b = $1 and c = $2')
    assert.deepEqual(values, ["'; drop table a", 2])
  })

  it('takes nested pieces in, numbering their values in order', () => {
    const where = all([sql`a = ${1}`, undefined, sql`b in (${2}, ${3})`])
    const { text, values } = sql`select ${'x'} from t where ${where} and c = ${4} limit ${literal(20)}`
    assert.equal(text, 'select $1 from t where a = $2 and b in ($3, $4) and c = $5 limit 20')
    assert.deepEqual(values, ['x', 1, 2, 3, 4])
  })

  it('bears a name that depends on its text alone, so that it is prepared once', () => {
    const find = (id: number) => sql`select * from t where id = ${id}`
    assert.equal(find(1).name, find(2).name)
    assert.notEqual(find(1).name, sql`select * from u where id = ${1}`.name)
  })

  it('is the same for every page behind the first', () => {
    const page = (rows: number) => sql`select * from t limit ${literal(20)} offset ${skipped(rows)}`
    assert.equal(page(0).text, 'select * from t limit 20 offset 0')
    assert.equal(page(20).text, 'select * from t limit 20 offset $1::bigint')
    assert.deepEqual([page(4_000_000).text, page(4_000_000).name], [page(20).text, page(20).name])
    assert.deepEqual(page(20).values, [20])
    assert.throws(() => skipped(0.5), RangeError)
  })

  it('tells apart the pieces that one place in the code is given', () => {
    const find = (condition: ReturnType<typeof sql> | number, limit: number) =>
      sql`select * from t where a = ${condition} limit ${literal(limit)}`
    for (let times = 0; times < 2; times += 1) {
      assert.equal(find(1, 10).text, 'select * from t where a = $1 limit 10')
      assert.equal(find(sql`any(${[1]}::int[])`, 10).text, 'select * from t where a = any($1::int[]) limit 10')
      assert.deepEqual(find(sql`b + ${7}`, 20), {
        ...find(sql`b + ${7}`, 20),
        text: 'select * from t where a = b + $1 limit 20',
        values: [7],
      })
    }
    const two = (a: unknown, b: unknown) => sql`select ${a}, ${b}`.text
    const piece_ = sql`now()`
    assert.deepEqual(
      [two(1, piece_), two(piece_, 1), two(1, 2), two(1, piece_)],
      ['select $1, now()', 'select now(), $1', 'select $1, $2', 'select $1, now()'],
    )
    for (let piece = 0; piece < 100; piece += 1) assert.match(find(2, piece).text, new RegExp(`limit ${piece}$`))
  })

  it('is true where there is no condition', () => assert.equal(all([undefined]).text, 'true'))

  it('writes only whole numbers into the text', () => {
    assert.throws(() => literal(1.5), RangeError)
    assert.throws(() => literal(Number.NaN), RangeError)
  })
})
