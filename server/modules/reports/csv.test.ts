import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { csvOf } from './csv.ts'

const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\n=1', '＝1', "=cmd|'/c calc'!A0", '＋1']

describe('a table as CSV', () => {
  for (const text of formulas) {
    it(`marks the text ${JSON.stringify(text)} as text`, () => {
      const [row] = parse(csvOf(['part'], [{ part: text }]), { columns: true }) as { part: string }[]
      assert.equal(row?.part, `'${text}`)
    })
  }

  it('leaves numbers as they are, negative ones too', () => {
    assert.equal(csvOf(['change', 'text'], [{ change: -0.5, text: '-0.5' }]), "change,text\r\n-0.5,'-0.5\r\n")
  })

  it('has its columns where there are no rows, and nothing where there is no value', () => {
    assert.equal(csvOf(['a', 'b'], []), 'a,b\r\n')
    assert.equal(csvOf(['a', 'b'], [{ a: null, b: true }]), 'a,b\r\n,true\r\n')
  })

  it('gives back every text, and begins no cell of text as a formula (RFC 4180)', () => {
    const cells = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...formulas, 'a,b', 'a"b', 'a\r\nb', ''))
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, cells), { minLength: 1 }), (rows) => {
        const text = csvOf(
          ['one', 'other'],
          rows.map(([one, other]) => ({ one, other })),
        )
        const read = parse(text, { columns: true, record_delimiter: '\r\n' }) as { one: string; other: string }[]
        assert.equal(read.length, rows.length)
        for (const [at, [one, other]] of rows.entries()) {
          for (const [was, is = ''] of [
            [one, read[at]?.one],
            [other, read[at]?.other],
          ] as const) {
            assert.ok(is === was || is === `'${was}`)
            assert.doesNotMatch(is, /^[=+\-@\t\r]/)
          }
        }
      }),
    )
  })
})
