import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPostingLists, type PostingLists } from './posting-lists.ts'

function entriesOf(lists: PostingLists, list: number): number[] {
  const entries: number[] = []
  lists.each(list, (all, from, end) => entries.push(...all.subarray(from, end)))
  return entries
}

const step = fc.record({
  list: fc.integer({ min: 0, max: 3 }),
  value: fc.integer({ min: 0, max: 40 }),
  action: fc.constantFrom('append', 'append', 'append', 'remove'),
})

test('lists hold what a plain array would, whatever is appended and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const lists = createPostingLists()
      const expected = Array.from({ length: 4 }, (): number[] => [])
      for (const { list, value, action } of steps) {
        const plain = expected[list] ?? []
        if (action === 'append') {
          lists.append(list, value)
          plain.push(value)
        } else {
          lists.remove(list, value)
          if (plain.includes(value)) plain.splice(plain.indexOf(value), 1)
        }
      }
      for (const [list, plain] of expected.entries()) {
        assert.equal(lists.count(list), plain.length)
        assert.deepEqual(
          entriesOf(lists, list).toSorted((a, b) => a - b),
          plain.toSorted((a, b) => a - b),
        )
      }
    }),
  )
})

test('a long list comes back whole, and its memory is used again after it was emptied', () => {
  const lists = createPostingLists()
  const fill = () => {
    for (let value = 0; value < 10_000; value++) lists.append(5, value)
  }
  fill()
  const held = entriesOf(lists, 5)
  assert.deepEqual([held.length, new Set(held).size], [10_000, 10_000])
  const bytes = lists.memory_bytes()
  for (let value = 0; value < 10_000; value++) lists.remove(5, value)
  assert.equal(lists.count(5), 0)
  fill()
  assert.equal(lists.memory_bytes(), bytes)
})

test('a list that never was is empty', () => {
  const lists = createPostingLists()
  assert.equal(lists.count(1_000_000), 0)
  assert.deepEqual(entriesOf(lists, 1_000_000), [])
})
