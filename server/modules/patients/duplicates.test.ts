import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DuplicateReason, duplicateScore, jaroWinkler, LIKELY_DUPLICATE_SCORE, type Person } from './duplicates.ts'

/** `First [Middle] / Last | birth date | phones`, each part may be empty. */
function person(text: string): Person {
  const [name = '', date_of_birth, phones = ''] = text.split('|').map((part) => part.trim())
  const [given = '', last_name = null] = name.split('/').map((part) => part.trim())
  const [first_name = null, middle_name = null] = given.split('+').map((part) => part.trim())
  return {
    first_name,
    middle_name,
    last_name,
    date_of_birth: date_of_birth || null,
    phones: phones.split(' ').filter((phone) => phone !== ''),
  }
}

const likely: [one: string, other: string, reasons: DuplicateReason[]][] = [
  ['Ana / Silva | 1990-01-02 | +1', 'Ana / Silva | 1990-01-02 | +1', ['same_name', 'same_birth_date', 'same_phone']],
  ['Ana / Silva | 1990-01-02 | +1', 'Ana / Silva | 1990-01-02 | +2', ['same_name', 'same_birth_date']],
  ['Ana / Silva | 1990-01-02 | +1 +2', 'Ana / Silva | 1990-01-02 | +2', ['same_name', 'same_birth_date', 'same_phone']],
  ['Agustín / Fonseca | 1990-01-02', 'agustin / fonsca | 1990-01-02', ['similar_name', 'same_birth_date']],
  ['Ana / Silva | 1990-01-02', 'Silva / Ana | 1990-01-02', ['similar_name', 'names_swapped', 'same_birth_date']],
  ['Ana / Silva | 1990-03-12', 'Ana / Silva | 1990-12-03', ['same_name', 'similar_birth_date']],
  ['Ana / Silva | 1990-03-12', 'Ana / Silva | 1991-03-12', ['same_name', 'similar_birth_date']],
  ['Ana / Silva | 1990-03-12', 'Ana / Silva | 1990-03-21', ['same_name', 'similar_birth_date']],
  ['Ana / Silva | | +1', 'Ana / Silva | 1990-03-21 | +1', ['same_name', 'same_phone']],
  ['Mary Ann / Lee | 1990-01-02', 'Mary / Lee | 1990-01-02', ['similar_name', 'same_birth_date']],
  ['Maryann / Lee | 1990-01-02', 'Mary Ann / Lee | 1990-01-02', ['same_name', 'same_birth_date']],
  ['J / Fonseca | 1990-01-02', 'Juan / Fonseca | 1990-01-02', ['similar_name', 'same_birth_date']],
  ['Ana / Fonseca Ruiz | 1990-01-02', 'Ana / Fonseca | 1990-01-02', ['similar_name', 'same_birth_date']],
  ['أحمد / مصطفى | 1990-01-02', 'احمد / مصطفي | 1990-01-02', ['same_name', 'same_birth_date']],
]

const unlikely: [why: string, one: string, other: string][] = [
  ['twins', 'Anna / Lee | 1990-01-02 | +1', 'Emma / Lee | 1990-01-02 | +1'],
  ['father and son', 'John / Lee | 1960-05-17 | +1', 'John / Lee | 1990-01-02 | +1'],
  ['namesakes', 'John / Lee | 1960-05-17 | +1', 'John / Lee | 1990-01-02 | +2'],
  ['namesakes of unknown age', 'John / Lee | | +1', 'John / Lee | 1990-01-02 | +2'],
  ['spouses', 'John / Lee | 1960-05-17 | +1', 'Mary / Lee | 1961-09-30 | +1'],
  ['strangers of one day', 'John / Lee | 1960-05-17 | +1', 'Mary / Fonseca | 1960-05-17 | +2'],
  ['twins with one first name', 'Juan + Carlos / Lee | 1990-01-02 | +2', 'Juan + Pablo / Lee | 1990-01-02 | +1'],
  ['people without a name', '/ | 1990-01-02 | +1', '/ | 1990-01-02 | +1'],
  ['two strangers of whom nothing is known', '/ | |', '/ | |'],
]

for (const [one, other, reasons] of likely) {
  test(`${one} is likely ${other}`, () => {
    const likeness = duplicateScore(person(one), person(other))
    assert.deepEqual(likeness.reasons, reasons)
    assert.ok(likeness.score >= LIKELY_DUPLICATE_SCORE, String(likeness.score))
  })
}

for (const [why, one, other] of unlikely) {
  test(`${why} are two people: ${one} and ${other}`, () => {
    const { score } = duplicateScore(person(one), person(other))
    assert.ok(score < LIKELY_DUPLICATE_SCORE, String(score))
  })
}

const name = fc.stringMatching(/^[a-c]{1,4}( [a-c]{1,4})?$/)
const anyone: fc.Arbitrary<Person> = fc.record({
  first_name: fc.option(name, { nil: null }),
  middle_name: fc.option(name, { nil: null }),
  last_name: fc.option(name, { nil: null }),
  date_of_birth: fc.option(fc.constantFrom('1990-01-02', '1990-02-01', '1991-02-01', '1963-11-30'), { nil: null }),
  phones: fc.subarray(['+1', '+2', '+3']),
})

test('the score lies between 0 and 1, and does not depend on who is compared with whom', () => {
  fc.assert(
    fc.property(anyone, anyone, (one, other) => {
      const { score, reasons } = duplicateScore(one, other)
      assert.ok(score >= 0 && score <= 1)
      assert.deepEqual(duplicateScore(other, one), { score, reasons })
    }),
  )
})

test('a person with names, a birth date and a phone is wholly like themselves', () => {
  fc.assert(
    fc.property(anyone, (one) => {
      const whole = { ...one, first_name: 'a', last_name: 'b', date_of_birth: '1990-01-02', phones: ['+1'] }
      assert.equal(duplicateScore(whole, whole).score, 1)
    }),
  )
})

// Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model", 1990, table 1.
const published: [string, string, number][] = [
  ['martha', 'marhta', 0.961],
  ['dwayne', 'duane', 0.84],
  ['dixon', 'dicksonx', 0.813],
  ['shackleford', 'shackelford', 0.982],
  ['abc', 'xyz', 0],
  ['same', 'same', 1],
]

for (const [one, other, similarity] of published) {
  test(`${one} and ${other} are ${similarity} alike by Jaro-Winkler`, () => {
    assert.equal(Math.round(jaroWinkler(one, other) * 1000) / 1000, similarity)
  })
}
