import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { nameBirthDateValue, normaliseName, readName } from './names.ts'

const accepted = [
  'A',
  "O'Brien",
  'Jean-Luc',
  'Agustín',
  'Dr. Müller',
  'محمد عبد الله',
  'مُحَمَّد',
  'علی\u200cرضا',
  '田中',
  'ﾀﾅｶ',
  'Nguyễn Thị Ánh',
  'ศรีสมบูรณ์',
  'क्ष\u200dत्रिय'.normalize('NFC'),
  'Þórður',
  '😀',
  'Zoë 👩\u200d⚕\ufe0f',
  '𠮷野家',
  'X Æ A-12',
  'x'.repeat(100),
  '😀'.repeat(100),
]

for (const name of accepted) {
  test(`the name ${JSON.stringify(name.slice(0, 30))} (${name.length} units) is kept as it is`, () => {
    assert.deepEqual(readName(name), { ok: true, value: name.normalize('NFC') })
  })
}

const refused: [text: string, code: string][] = [
  ['', 'name_empty'],
  ['   ', 'name_empty'],
  ['\u0301', 'name_empty'],
  ['a\u0000', 'name_control_character'],
  ['a\nb', 'name_control_character'],
  ['a\tb', 'name_control_character'],
  ['a\u007f', 'name_control_character'],
  ['a\u0085', 'name_control_character'],
  ['a\u2028b', 'name_control_character'],
  ['a\ud800', 'name_control_character'],
  ['a\uffff', 'name_control_character'],
  ['a\u202eb', 'name_invisible_character'],
  ['a\u2066b', 'name_invisible_character'],
  ['a\u200e', 'name_invisible_character'],
  ['محمد\u200f', 'name_invisible_character'],
  ['Jo\u200bhn', 'name_invisible_character'],
  ['Jo\u200dhn', 'name_invisible_character'],
  ['Jo\u200chn', 'name_invisible_character'],
  ['Jo\u00adhn', 'name_invisible_character'],
  ['\ufeffJohn', 'name_invisible_character'],
  ['\u3164', 'name_invisible_character'],
  ['علی\u200c', 'name_invisible_character'],
  ['x'.repeat(101), 'name_too_long'],
  ['😀'.repeat(101), 'name_too_long'],
  ['a' + '\u0301'.repeat(8), 'name_stacked_marks'],
  ['a' + '\u0301'.repeat(10_000), 'name_too_long'],
]

for (const [text, code] of refused) {
  test(`the name ${JSON.stringify(text.slice(0, 12))} (${text.length} units) is refused as ${code}`, () => {
    const reading = readName(text)
    assert.equal(reading.ok ? reading.value : reading.flaw.code, code)
  })
}

test('a name is kept in NFC, with single spaces and none around it', () => {
  assert.deepEqual(readName('  Agusti\u0301n\u00a0 Luis '), { ok: true, value: 'Agustín Luis' })
})

test('the length is counted in code points after NFC', () => {
  assert.equal(readName('e\u0301'.repeat(100)).ok, true)
  assert.equal(readName('e\u0301'.repeat(101)).ok, false)
})

test('a hundred thousand combining marks are refused without being sorted', () => {
  assert.equal(readName('a' + '\u0315\u0301'.repeat(500_000)).ok, false)
})

test('reading what was kept changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
      const reading = readName(text)
      if (!reading.ok) return
      assert.deepEqual(readName(reading.value), reading)
      assert.equal(reading.value, reading.value.normalize('NFC'))
    }),
  )
})

const sameForm: [one: string, other: string][] = [
  ['Agustín', 'agustin'],
  ['MÜLLER', 'muller'],
  ['Groß', 'GROSS'],
  ['Groẞ', 'gross'],
  ['IŞIK', 'ışık'],
  ['İbrahim', 'ibrahim'],
  ['Øystein Đorđe Łukasz', 'oystein dorde lukasz'],
  ['Æsir Œuvre', 'aesir oeuvre'],
  ['Þór', 'thor'],
  ['ﬁona', 'fiona'],
  ["O'Brien", 'OBrien'],
  ['O’Brien', 'obrien'],
  ['D´Angelo', 'dangelo'],
  ['Jean-Luc', 'jean luc'],
  ['Jean–Luc', 'jean luc'],
  ['Smith, John', 'smith john'],
  ['St. Clair', 'st clair'],
  ['Nguyễn', 'nguyen'],
  ['Ελένης', 'ελενησ'],
  ['Йосиф', 'иосиф'],
  ['ＴＡＮＡＫＡ', 'tanaka'],
  ['أحمد', 'احمد'],
  ['إبراهيم', 'ابراهيم'],
  ['آمنة', 'امنه'],
  ['ٱلله', 'الله'],
  ['مُحَمَّد', 'محمد'],
  ['مصطفى', 'مصطفي'],
  ['مـحـمـد', 'محمد'],
  ['علی', 'علي'],
  ['لُؤَي', 'لوي'],
  ['علی\u200cرضا', 'علیرضا'],
  ['שָׁלוֹם', 'שלום'],
]

for (const [one, other] of sameForm) {
  test(`${one} and ${other} are one name when compared`, () => {
    assert.equal(normaliseName(one), normaliseName(other))
    assert.notEqual(normaliseName(one), '')
  })
}

test('vowel signs of Indic scripts are part of a name', () => {
  assert.notEqual(normaliseName('राम'), normaliseName('रमा'))
  assert.notEqual(normaliseName('Anna'), normaliseName('Anne'))
})

test('a compared name has single spaces only, and comparing it again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const form = normaliseName(text)
      assert.doesNotMatch(form, /^\s|\s$|\s\s/)
      assert.equal(normaliseName(form), form)
    }),
  )
})

test('ASCII takes the short way to the same form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 40 }), (text) => {
      // The letter at the end is outside ASCII, and makes the whole text take the long way.
      assert.equal(`${normaliseName(text)} я`.trim(), normaliseName(`${text} я`))
    }),
  )
})

test('name and birth date give one value in either order of the names, and another for another day', () => {
  const value = nameBirthDateValue('Agustín', 'Fonseca Ruiz', '1956-08-03')
  assert.equal(value, 'agustin fonseca ruiz|1956-08-03')
  assert.equal(nameBirthDateValue('Fonseca  Ruiz', 'AGUSTIN', '1956-08-03'), value)
  assert.notEqual(nameBirthDateValue('Agustín', 'Fonseca Ruiz', '1956-03-08'), value)
})

const PATIENTS = new URL('../../../../shared/material/synthea/patients.csv', import.meta.url)
const skip = existsSync(PATIENTS) ? false : 'shared/material/synthea/patients.csv is not beside the project'

test('every name of the 615 synthetic patients is kept as it is', { skip }, () => {
  const rows: { first_name: string; last_name: string }[] = parse(readFileSync(PATIENTS), { columns: true })
  assert.equal(rows.length, 615)
  for (const name of rows.flatMap((row) => [row.first_name, row.last_name])) {
    assert.deepEqual(readName(name), { ok: true, value: name })
  }
})
