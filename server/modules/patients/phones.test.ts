import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { readPhone } from './phones.ts'

const accepted: [country: string, text: string, kept: string][] = [
  ['US', '(415) 555-2671', '+14155552671'],
  ['US', '555-978-4581', '+15559784581'],
  ['US', '1-415-555-2671', '+14155552671'],
  ['US', '415.555.2671', '+14155552671'],
  ['US', ' 4155552671 ', '+14155552671'],
  ['US', '+44 20 7946 0958', '+442079460958'],
  ['US', '011 44 20 7946 0958', '+442079460958'],
  ['US', '+20 10 1234 5678', '+201012345678'],
  ['EG', '01012345678', '+201012345678'],
  ['EG', '٠١٠١٢٣٤٥٦٧٨', '+201012345678'],
  ['EG', '+1 415 555 2671', '+14155552671'],
  ['DE', '030/12345-67', '+49301234567'],
  ['ZZ', '+14155552671', '+14155552671'],
]

for (const [country, text, kept] of accepted) {
  test(`${JSON.stringify(text)} in ${country} is kept as ${kept}`, () => {
    assert.deepEqual(readPhone(country, text), { ok: true, value: kept })
  })
}

const refused: [country: string, text: string, code: string][] = [
  ['US', '', 'phone_format'],
  ['US', 'none', 'phone_format'],
  ['US', 'call 415-555-2671', 'phone_format'],
  ['US', '415-555-FLOW', 'phone_format'],
  ['US', '415\u200b5552671', 'phone_format'],
  ['US', '\u202e4155552671', 'phone_format'],
  ['US', '4155552671\u0000', 'phone_format'],
  ['US', '1', 'phone_too_short'],
  ['US', '123', 'phone_length'],
  ['US', '555-9784', 'phone_length'],
  ['US', '41555526711', 'phone_length'],
  ['US', '4155552671'.repeat(3), 'phone_too_long'],
  ['US', '4'.repeat(10_000), 'phone_too_long'],
  ['US', '415-555-2671 x12', 'phone_extension'],
  ['US', '+999 123456', 'phone_country'],
  ['ZZ', '4155552671', 'phone_country'],
  ['EG', '(415) 555-2671 00', 'phone_length'],
]

for (const [country, text, code] of refused) {
  test(`${JSON.stringify(text.slice(0, 40))} (${text.length} characters) in ${country} is refused as ${code}`, () => {
    const reading = readPhone(country, text)
    assert.equal(reading.ok ? reading.value : reading.flaw.code, code)
  })
}

test('a number that was kept reads as itself in every country', () => {
  const tenDigits = fc.integer({ min: 2_000_000_000, max: 9_999_999_999 }).map(String)
  fc.assert(
    fc.property(tenDigits, fc.constantFrom('US', 'EG', 'GB', 'ZZ'), (digits, country) => {
      const first = readPhone('US', digits)
      assert.ok(first.ok)
      assert.deepEqual(readPhone(country, first.value), first)
    }),
  )
})

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const reading = readPhone('US', text)
      return !reading.ok || /^\+\d{3,15}$/.test(reading.value)
    }),
  )
})

const PATIENTS = new URL('../../../../shared/material/synthea/patients.csv', import.meta.url)
const skip = existsSync(PATIENTS) ? false : 'shared/material/synthea/patients.csv is not beside the project'

test('every phone of the 615 synthetic patients is kept', { skip }, () => {
  const rows: { phone_primary: string }[] = parse(readFileSync(PATIENTS), { columns: true })
  const refusedPhones = rows.filter((row) => !readPhone('US', row.phone_primary).ok)
  assert.equal(rows.length, 615)
  assert.deepEqual(refusedPhones, [])
})
