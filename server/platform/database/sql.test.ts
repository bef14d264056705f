import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { all, literal, sql } from './sql.ts'

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

  it('is true where there is no condition', () => assert.equal(all([undefined]).text, 'true'))

  it('writes only whole numbers into the text', () => {
    assert.throws(() => literal(1.5), RangeError)
    assert.throws(() => literal(Number.NaN), RangeError)
  })
})
