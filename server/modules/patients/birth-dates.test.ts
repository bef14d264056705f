import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkBirthDate, isRealDate } from './birth-dates.ts'
import { readQuestion } from './search-criteria.ts'

const TODAY = '2026-03-01'

const cases: [date: string, code: string | undefined][] = [
  ['2026-03-01', undefined],
  ['2026-03-02', 'date_in_future'],
  ['9999-12-31', 'date_in_future'],
  ['1896-03-01', undefined],
  ['1896-02-29', 'date_too_long_ago'],
  ['0000-01-01', 'date_too_long_ago'],
  ['2024-02-29', undefined],
  ['2023-02-29', 'invalid_date'],
  ['1900-02-29', 'invalid_date'],
  ['2000-02-29', undefined],
  ['2025-04-31', 'invalid_date'],
  ['2025-00-10', 'invalid_date'],
  ['2025-13-10', 'invalid_date'],
  ['2025-10-00', 'invalid_date'],
  ['2025-1-1', 'invalid_date'],
  ['01/02/1990', 'invalid_date'],
  ['1990-01-02T00:00:00Z', 'invalid_date'],
  ['+001990-01-02', 'invalid_date'],
  ['1990-01-02\n', 'invalid_date'],
  ['', 'invalid_date'],
]

for (const [date, code] of cases) {
  test(`birth date ${JSON.stringify(date)} is ${code ?? 'accepted'} on ${TODAY}`, () => {
    assert.equal(checkBirthDate(date, TODAY)?.code, code)
  })
}

test('on a 29 February the oldest birth date is the last day of that February 130 years before', () => {
  assert.equal(checkBirthDate('1894-02-28', '2024-02-29'), undefined)
  assert.equal(checkBirthDate('1894-02-27', '2024-02-29')?.code, 'date_too_long_ago')
})

test('every day of the calendar is a real date', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000_000 }), (days) => {
      const date = Temporal.PlainDate.from('0001-01-01').add({ days }).toString()
      return isRealDate(date)
    }),
  )
})

test('in a search, a birth date is read in the order of the country, and a date that is none is a name', () => {
  const read = (country: string, q: string) => {
    const { date_of_birth, name } = readQuestion(country, 'query', { q }).question
    return { date_of_birth, name }
  }
  for (const [country, q, date_of_birth, name] of [
    ['US', '3/8/1956', '1956-03-08', undefined],
    ['DE', '3.8.1956', '1956-08-03', undefined],
    ['DE', 'Fonseca 31.12.1956', '1956-12-31', 'Fonseca'],
    ['DE', 'Fonseca 31.2.1956', undefined, 'Fonseca 31.2.1956'],
    ['US', 'Fonseca 31/12/1956', undefined, 'Fonseca 31/12/1956'],
  ] as const)
    assert.deepEqual(read(country, q), { date_of_birth, name }, q)
})
