import assert from 'node:assert/strict'
import fc from 'fast-check'
import { stringify } from 'csv-stringify/sync'
import { describe, it } from 'node:test'
import { type CsvRow, readCsvRows } from './import-records.ts'

async function rowsOf(bytes: Uint8Array, size = 500, piece = 7): Promise<CsvRow[]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) =>
    bytes.subarray(at * piece, at * piece + piece),
  )
  const rows: CsvRow[] = []
  for await (const group of readCsvRows(pieces, size)) rows.push(...group)
  return rows
}
const read = (text: string, size?: number) => rowsOf(new TextEncoder().encode(text), size)
const short = (rows: CsvRow[]) => rows.map((row) => [row.line, 'cells' in row ? row.cells.join('|') : row.flaw.code])

describe('the rows of a CSV file', () => {
  const cases: [string, string, [number, string][]][] = [
    [
      'have lines, counted with the header and blank ones',
      'a,b\n1,2\n\n3,4\n',
      [
        [1, 'a|b'],
        [2, '1|2'],
        [4, '3|4'],
      ],
    ],
    [
      'may end as on Windows, and the last one need not end',
      'a,b\r\n1,2\r\n3,4',
      [
        [1, 'a|b'],
        [2, '1|2'],
        [3, '3|4'],
      ],
    ],
    [
      'may be separated by semicolons',
      'a;b\n1,5;2\n',
      [
        [1, 'a|b'],
        [2, '1,5|2'],
      ],
    ],
    [
      'may begin with a byte-order mark',
      '\ufeffa,b\n1,2\n',
      [
        [1, 'a|b'],
        [2, '1|2'],
      ],
    ],
    [
      'may have values with separators, quotes and line ends',
      'a,b\n"1,""x""","2\n3"\n4,5\n',
      [
        [1, 'a|b'],
        [2, '1,"x"|2\n3'],
        [4, '4|5'],
      ],
    ],
    [
      'have as many values as there are columns',
      'a,b\n1\n1,2,3\n4,5\n',
      [
        [1, 'a|b'],
        [2, 'column_count'],
        [3, 'column_count'],
        [4, '4|5'],
      ],
    ],
    [
      'lose no other row to a quote that is not closed',
      'a,b\n"1,2\n3,4\n5,6\n',
      [
        [1, 'a|b'],
        [2, 'quotes'],
        [3, '3|4'],
        [4, '5|6'],
      ],
    ],
    [
      'lose no other row to two such quotes',
      'a,b\n"1,2\n3,4\n5,"6\n7,8\n',
      [
        [1, 'a|b'],
        [2, 'quotes'],
        [3, '3|4'],
        [4, 'quotes'],
        [5, '7|8'],
      ],
    ],
    [
      'have quotes only around values',
      'a,b\n"1"x,2\n3,4\n',
      [
        [1, 'a|b'],
        [2, 'quotes'],
        [3, '3|4'],
      ],
    ],
  ]
  it('begin with the first line that is not blank', async () => {
    assert.deepEqual(short(await read('\n  \na,b\n1,2\n')), [
      [3, 'a|b'],
      [4, '1|2'],
    ])
    assert.deepEqual(await read('\n \n\n'), [])
  })

  it('may stand among blank lines, also beside values that go over lines', async () => {
    for (const size of [1, 2, 500])
      assert.deepEqual(short(await read('a,b\n"1\n2",3\n\n\n"4\n",5\n', size)), [
        [1, 'a|b'],
        [2, '1\n2|3'],
        [6, '4\n|5'],
      ])
  })

  it('end a value that goes on for more than twenty lines where it began', async () => {
    const text = `a,b\n"1,${'\nx,y'.repeat(24)}\n3,4\n`
    const rows = short(await read(text))
    assert.deepEqual(rows[1], [2, 'quotes'])
    assert.deepEqual(rows.slice(2, 4), [
      [3, 'x|y'],
      [4, 'x|y'],
    ])
    assert.deepEqual(rows.at(-1), [27, '3|4'])
  })

  for (const [title, text, expected] of cases) {
    it(title, async () => {
      for (const size of [1, 2, 500]) assert.deepEqual(short(await read(text, size)), expected, `in groups of ${size}`)
    })
  }

  it('are told when they are not UTF-8, each by itself', async () => {
    const latin = Buffer.concat([Buffer.from('a,b\nJos'), Buffer.from([0xe9]), Buffer.from(',2\n3,4\n')])
    assert.deepEqual(short(await rowsOf(latin)), [
      [1, 'a|b'],
      [2, 'not_utf8'],
      [3, '3|4'],
    ])
  })

  it('are no longer than a row can be', async () => {
    assert.deepEqual(short(await read(`a,b\n${'x'.repeat(100_000)},2\n3,4\n`)), [
      [1, 'a|b'],
      [2, 'row_too_long'],
      [3, '3|4'],
    ])
  })

  it('come back as they were written, whatever is in them and however the bytes arrive', async () => {
    const Cell = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((text) => !text.includes('\r') && !text.includes('\ufffd') && text.trim() === text)
    const Table = fc.array(fc.tuple(Cell, Cell, Cell), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        Table,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (table, piece, size) => {
          const text = stringify([['a', 'b', 'c'], ...table])
          const rows = await rowsOf(new TextEncoder().encode(text), size, piece)
          assert.deepEqual(
            rows.slice(1).map((row) => ('cells' in row ? row.cells : row.flaw.code)),
            table,
          )
        },
      ),
      { numRuns: 200 },
    )
  })
})
