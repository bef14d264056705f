import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPeople, createPerson, socialSecurityNumber } from './people.ts'

test('the same seed and number give the same person', () => {
  assert.deepEqual(createPerson(7, 42), createPerson(7, 42))
  assert.notDeepEqual(createPerson(7, 42), createPerson(8, 42))
})

test('every social security number is valid and nobody shares one', () => {
  const seen = new Set<string>()
  for (let index = 0; index < 200_000; index++) {
    const ssn = socialSecurityNumber(index)
    assert.match(ssn, /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/)
    seen.add(ssn)
  }
  assert.equal(seen.size, 200_000)
})

test('names are skewed, with a long tail and several scripts', () => {
  const counts = new Map<string, number>()
  let not_latin = 0
  for (const person of createPeople(1, 0, 20_000)) {
    counts.set(person.last_name, (counts.get(person.last_name) ?? 0) + 1)
    if (!/^\p{Script=Latin}/u.test(person.last_name)) not_latin++
  }
  assert.ok(Math.max(...counts.values()) > 400, 'the commonest family name is common')
  assert.ok(counts.size > 1500, 'there are many rare ones')
  assert.ok(not_latin > 1000 && not_latin < 3000, `${not_latin} of 20,000 are not Latin`)
})
