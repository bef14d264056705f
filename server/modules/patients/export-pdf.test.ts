import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fileOf } from './export-files.ts'
import { brokenIntoLines } from './export-lines.ts'
import { openRecordPdf } from './export-pdf.ts'
import { textOfPdf } from './export-pdf.testing.ts'

const linesOf = (text: string, width: number) =>
  brokenIntoLines(text, width, (word) => Array.from(word).length).map((line) => line.map(({ word }) => word).join(' '))

describe('lines on paper', () => {
  for (const [text, width, lines] of [
    ['one two three', 20, ['one two three']],
    ['one two three', 7, ['one two', 'three']],
    ['one  two\n three', 8, ['one two', 'three']],
    ['abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
    ['', 10, []],
    // Seen from left to right the last word of a name comes first, and the first line holds its beginning.
    ['محمد علي حسن', 30, ['حسن علي محمد']],
    ['محمد علي حسن', 8, ['علي محمد', 'حسن']],
    ['Name محمد علي end', 30, ['Name علي محمد end']],
    ['שלום 12 עולם', 30, ['עולם 12 שלום']],
    ['12 שלום', 30, ['12 שלום']],
  ] as const) {
    it(`of ${JSON.stringify(text)} in a width of ${width} are ${lines.length}`, () =>
      assert.deepEqual(linesOf(text, width), lines))
  }

  it('hold every word once, and none is wider than the paper', () => {
    const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', '7', 'م', 'ש', '.') })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 8, max: 40 }), (words, width) => {
        const lines = linesOf(words.join(' '), width)
        assert.deepEqual(lines.flatMap((line) => line.split(' ')).toSorted(), words.toSorted())
        assert.ok(lines.every((line) => Array.from(line).length <= width))
      }),
    )
  })
})

async function print(files: { name: string; content: object }[]) {
  const stream = await openRecordPdf({
    patient_number: 'PT-20260101-0001',
    exported_at: '2026-07-01T16:00:00Z',
    timezone: 'America/New_York',
    files: files.map(({ name, content }) =>
      fileOf(name, Array.isArray(content) ? content : [content], Array.isArray(content)),
    ),
  })
  return Buffer.concat(await stream.toArray())
}

describe('the PDF of a record', () => {
  it('tells each member by a readable name, in local time, without ids and empty ones', async () => {
    const text = textOfPdf(
      await print([
        {
          name: 'patient',
          content: {
            id: 'f3',
            first_name: 'Jürgen',
            middle_name: null,
            created_by_id: 'x',
            is_active: true,
            version: 3,
            created_at: '2026-01-01T15:30:12Z',
            address: { city: 'Łódź', zip: '90-001' },
          },
        },
        { name: 'insurances', content: [] },
      ]),
    )
    assert.match(text, /Record PT-20260101-0001/)
    assert.match(text, /Copied 2026-07-01 12:00 \(America\/New_York\)/)
    assert.match(text, /Patient First name Jürgen Is active yes Created at 2026-01-01 10:30 \(America\/New_York\)/)
    assert.match(text, /Address City: Łódź, Zip: 90-001/)
    assert.ok(!/f3|Version|Middle|Insurances|\u25a1/.test(text), text)
  })

  it('writes Arabic, Hebrew, Greek and Cyrillic, and says what it cannot write', async () => {
    const names = { first_name: 'محمد', last_name: 'שלום', alias: 'Ωμέγα Жанна' }
    const whole = textOfPdf(await print([{ name: 'patient', content: names }]))
    // Arabic letters are drawn in their joined forms, from the last to the first.
    assert.ok(!whole.includes('\u25a1') && whole.includes('Ωμέγα Жанна'), whole)
    assert.ok(Array.from('שלום').every((letter) => whole.includes(letter)))
    const lacking = textOfPdf(await print([{ name: 'patient', content: { first_name: '张 Wei' } }]))
    assert.match(lacking, /\u25a1 Wei .*Characters shown as \u25a1 are not in the font/)
  })

  it('breaks off where a row cannot be read', async () => {
    async function* read() {
      yield { first_name: 'Jürgen' }
      throw new Error('a row was altered')
    }
    const stream = await openRecordPdf({
      patient_number: 'PT-20260101-0001',
      exported_at: '2026-07-01T16:00:00Z',
      timezone: 'America/New_York',
      files: [{ name: 'patient', rows: 2, is_list: true, read }],
    })
    await assert.rejects(stream.toArray(), /a row was altered/)
  })

  it('of many rows has many numbered pages and the latest rows, and says where the others are', async () => {
    const content = Array.from({ length: 1200 }, (_, index) => ({
      timestamp: '2026-01-01T00:00:00Z',
      action: `read.${index}`,
    }))
    const pdf = await print([{ name: 'access_log', content }])
    const text = textOfPdf(pdf)
    assert.match(text, /The latest 1000 of 1200; all are in access_log.json/)
    assert.ok(text.includes('read.1199') && text.includes('read.200') && !text.includes('read.199 '))
    assert.ok((pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0) > 10)
    assert.match(text, /PT-20260101-0001 · 12/)
  })
})
