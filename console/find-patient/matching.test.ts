import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { matchedBy, namesTyped, piecesOf } from './matching.ts'

const card = {
  first_name: 'Agustín',
  middle_name: null,
  last_name: 'Fonseca Güell',
  date_of_birth: '1956-08-03',
  patient_number: 'PT-20261201-0042',
}
const marked = (text: string, typed: string) =>
  piecesOf(text, typed)
    .map(({ text: piece, is_match }) => (is_match ? `[${piece}]` : piece))
    .join('')

describe('what was typed is marked', () => {
  const table: [text: string, typed: string, shown: string][] = [
    ['Agustín Fonseca Güell', 'fonse agus', '[Agus]tín [Fonse]ca Güell'],
    ['Agustín Fonseca Güell', 'agustin guell', '[Agustín] Fonseca [Güell]'],
    ['Ana', 'x', 'Ana'],
    ['Ana', '', 'Ana'],
    ['Jean-Luc', 'luc', 'Jean-[Luc]'],
    ['Zoe\u0301 M', 'zoe', '[Zoe\u0301] M'],
  ]
  for (const [text, typed, shown] of table) {
    it(`${typed} in ${text}`, () => assert.equal(marked(text, typed), shown))
  }

  it('and nothing of the text is lost', () => {
    for (const [text, typed] of table) {
      assert.equal(
        piecesOf(text, typed)
          .map((piece) => piece.text)
          .join(''),
        text,
      )
    }
  })
})

describe('what somebody was found by', () => {
  const table: [typed: string, by: string][] = [
    ['fonsca', 'name'],
    ['PT-20261201-0042', 'number'],
    ['0042', 'number'],
    ['8/3/1956', 'birth_date'],
    ['1956-08-03', 'birth_date'],
    ['413 555 0101', 'other'],
    ['agustin@example.org', 'other'],
    ['fonseca 1956-08-03', 'name'],
  ]
  for (const [typed, by] of table) it(`${typed}: ${by}`, () => assert.equal(matchedBy(card, typed), by))
})

describe('what was searched for begins a registration', () => {
  const table: [typed: string, first: string, last: string][] = [
    ['ana ruiz', 'Ana', 'Ruiz'],
    ['Ana María de la Cruz', 'Ana', 'María de la Cruz'],
    ['413 555 0101', '', ''],
    ['ana@example.org', '', ''],
    ['', '', ''],
  ]
  for (const [typed, first_name, last_name] of table) {
    it(`${typed || 'nothing'}`, () => assert.deepEqual(namesTyped(typed), { first_name, last_name }))
  }
})
