import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './generated-people.testing.ts'
import { createPeople, MOST_WORDS } from './people.ts'

const hex = (random: () => number) =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
const idFrom = (random: () => number) =>
  (hex(random) + hex(random) + hex(random) + hex(random)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

test('whoever is there is found with their words and birth day, however often others come and go', () => {
  const random = seededRandom(11)
  const people = createPeople()
  const present = new Map<string, { words: number[]; born: number }>()
  const ids = Array.from({ length: 6000 }, () => idFrom(random))
  const agrees = (id: string) => {
    const slot = people.find(id)
    const expected = present.get(id)
    if (expected === undefined) return assert.equal(slot, undefined)
    assert.ok(slot !== undefined)
    const words = Array.from({ length: people.wordCount(slot) }, (_, at) => people.wordAt(slot, at))
    assert.deepEqual(
      { id: people.idOf(slot), words, born: people.birthDay(slot) },
      { id, words: expected.words, born: expected.born },
    )
  }
  for (let step = 0; step < 30_000; step += 1) {
    const id = ids[Math.floor(random() * ids.length)] ?? ''
    if (present.delete(id)) people.remove(id)
    else {
      const words = Array.from({ length: Math.floor(random() * 5) }, () => Math.floor(random() * 1000))
      const born = 19_000_101 + Math.floor(random() * 1000)
      people.insert(id, words, born)
      present.set(id, { words, born })
    }
    if (step % 5000 === 0) ids.forEach(agrees)
  }
  ids.forEach(agrees)
  assert.equal(people.size(), present.size)
  const bornOn = Map.groupBy(present.keys(), (id) => present.get(id)?.born ?? 0)
  for (let born = 19_000_101; born < 19_000_101 + 1000; born += 1) {
    const found = [...people.bornOn(born)].map(people.idOf)
    assert.deepEqual(found.toSorted(), (bornOn.get(born) ?? []).toSorted())
  }
  assert.deepEqual([...people.bornOn(0), ...people.bornOn(18_000_101)], [])
})

test('who is not there is removed without a trace, and no more words are kept than fit', () => {
  const people = createPeople()
  const id = '00000000-0000-4000-8000-000000000001'
  const slot = people.insert(
    id,
    Array.from({ length: MOST_WORDS + 5 }, (_, at) => at),
    0,
  )
  people.remove('00000000-0000-4000-8000-000000000002')
  assert.deepEqual([people.find(id), people.size(), people.wordCount(slot)], [slot, 1, MOST_WORDS])
  people.remove(id)
  people.remove(id)
  assert.deepEqual([people.find(id), people.size(), people.birthDay(slot)], [undefined, 0, 0])
})
