import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { identifierMatchValue, maskNationalId, maskSsn, readNationalId, readSsn } from './identifiers.ts'
import type { Reading } from './flaw.ts'

/** The value kept, or the code of the refusal. */
const outcome = (reading: Reading) => (reading.ok ? reading.value : reading.flaw.code)

const ssns: [country: string, text: string, outcome: string, date_of_birth?: string][] = [
  ['US', '123-45-6789', '123-45-6789'],
  ['US', '123456789', '123-45-6789'],
  ['US', ' 123-45-6789 ', '123-45-6789'],
  ['US', '123-456789', '123-45-6789'],
  ['US', '123‑45‑6789', '123-45-6789'],
  ['US', '１２３-45-6789', '123-45-6789'],
  ['US', '001-01-0001', '001-01-0001'],
  ['US', '899-99-9999', '899-99-9999'],
  ['US', '000-12-3456', 'ssn_area'],
  ['US', '665-12-3456', '665-12-3456'],
  ['US', '666-12-3456', 'ssn_area'],
  ['US', '667-12-3456', '667-12-3456'],
  ['US', '900-12-3456', 'ssn_area'],
  ['US', '999-99-9999', 'ssn_area'],
  ['US', '123-00-6789', 'ssn_group'],
  ['US', '123-45-0000', 'ssn_serial'],
  ['US', '12345678', 'ssn_format'],
  ['US', '1234567890', 'ssn_format'],
  ['US', '123 45 6789', 'ssn_format'],
  ['US', '12-345-6789', 'ssn_format'],
  ['US', '123-45-678a', 'ssn_format'],
  ['US', '123-45-6789\u200b', 'ssn_format'],
  ['US', '\ufeff123-45-6789', 'ssn_format'],
  ['US', '123-45-6789\n', 'ssn_format'],
  ['US', '', 'ssn_format'],
  ['EG', '29001011234567', '29001011234567'],
  ['EG', '29001011234567', '29001011234567', '1990-01-01'],
  ['EG', '29001011234567', 'birth_date_mismatch', '1990-01-02'],
  ['EG', '29001011234567', 'birth_date_mismatch', '2090-01-01'],
  ['EG', '٢٩٠٠١٠١١٢٣٤٥٦٧', '29001011234567'],
  ['EG', '30002290123456', '30002290123456', '2000-02-29'],
  ['EG', '20002290123456', 'national_number_birth_date'],
  ['EG', '39013010123456', 'national_number_birth_date'],
  ['EG', '19001010123456', 'national_number_century'],
  ['EG', '49001010123456', 'national_number_century'],
  ['EG', '29001010023456', 'national_number_governorate'],
  ['EG', '29001010523456', 'national_number_governorate'],
  ['EG', '29001013523456', '29001013523456'],
  ['EG', '29001013623456', 'national_number_governorate'],
  ['EG', '29001018823456', '29001018823456'],
  ['EG', '2900101123456', 'national_number_format'],
  ['EG', '290010112345678', 'national_number_format'],
  ['FR', 'A1-2', 'A1-2'],
  ['FR', 'abc', 'identifier_format'],
  ['FR', 'x'.repeat(32), 'x'.repeat(32)],
  ['FR', 'x'.repeat(33), 'identifier_format'],
  ['FR', '----', 'identifier_format'],
  ['FR', 'AB 12', 'identifier_format'],
  ['FR', 'AB\u202e12', 'identifier_format'],
  ['FR', 'AB\u000012', 'identifier_format'],
  ['constructor', 'AB12', 'AB12'],
]

for (const [country, text, expected, date_of_birth] of ssns) {
  test(`the ${country} ssn ${JSON.stringify(text)}, born ${date_of_birth ?? 'unknown'}, gives ${expected}`, () => {
    assert.equal(outcome(readSsn(country, text, date_of_birth)), expected)
  })
}

const nationalIds: [text: string, outcome: string][] = [
  ['S99942380', 'S99942380'],
  ['  AB  12\u00a034 ', 'AB 12 34'],
  ['abc', 'identifier_format'],
  ['abcd', 'abcd'],
  ['x'.repeat(64), 'x'.repeat(64)],
  ['x'.repeat(65), 'identifier_format'],
  ['AB/12', 'identifier_format'],
  ['AB12\u200d', 'identifier_format'],
  ['AB12\n', 'identifier_format'],
  ['    ', 'identifier_format'],
  ['- - -', 'identifier_format'],
]

for (const [text, expected] of nationalIds) {
  test(`the national id ${JSON.stringify(text)} gives ${expected}`, () => {
    assert.equal(outcome(readNationalId(text)), expected)
  })
}

test('a refusal never repeats the identifier', () => {
  const reading = readSsn('US', '666-12-3456')
  assert.ok(!reading.ok)
  assert.doesNotMatch(reading.flaw.message, /12|3456/)
})

test('an identifier is masked but for its end', () => {
  assert.equal(maskSsn('US', '123-45-6789'), '***-**-6789')
  assert.equal(maskSsn('EG', '29001011234567'), '**********4567')
  assert.equal(maskSsn('FR', 'ABCD1234'), '****1234')
  assert.equal(maskNationalId('S99942380'), '*****2380')
  assert.equal(maskNationalId('AB12'), '**12')
})

test('a mask never shows more than half of an identifier, nor more than four characters', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z0-9-]{4,64}$/), (value) => {
      const hidden = /^\**/.exec(maskNationalId(value))?.[0].length ?? 0
      return hidden >= value.length / 2 && hidden >= value.length - 4
    }),
  )
})

test('spellings of one identifier have one match value', () => {
  for (const [one, other] of [
    ['ab-12', 'AB-12'],
    ['AB 1234', 'AB1234'],
    ['٢٩٠٠١٠١١٢٣٤٥٦٧', '29001011234567'],
  ] as const) {
    assert.equal(identifierMatchValue(one), identifierMatchValue(other))
  }
  assert.notEqual(identifierMatchValue('AB-12'), identifierMatchValue('AB12'))
})

test('every number with an area, group and serial that were issued is a US ssn', () => {
  const digits = (length: number, max: number) =>
    fc.integer({ min: 1, max }).map((number) => String(number).padStart(length, '0'))
  const area = digits(3, 899).filter((text) => text !== '666')
  fc.assert(
    fc.property(area, digits(2, 99), digits(4, 9999), (a, g, s) => {
      assert.equal(outcome(readSsn('US', a + g + s)), `${a}-${g}-${s}`)
    }),
  )
})

test('reading what was kept changes nothing', () => {
  fc.assert(
    fc.property(fc.constantFrom('US', 'EG', 'FR'), fc.string({ unit: 'binary' }), (country, text) => {
      const reading = readSsn(country, text)
      if (reading.ok) assert.deepEqual(readSsn(country, reading.value), reading)
    }),
  )
})
