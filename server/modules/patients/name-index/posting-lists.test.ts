import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPostingLists } from './posting-lists.ts'

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
        const target = new Uint32Array(plain.length)
        assert.equal(lists.copyInto(target, list), plain.length)
        assert.equal(lists.count(list), plain.length)
        assert.deepEqual(
          Array.from(target.toSorted()),
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
  const target = new Uint32Array(10_000)
  assert.equal(lists.copyInto(target, 5), 10_000)
  assert.equal(new Set(target).size, 10_000)
  const bytes = lists.memory_bytes()
  for (let value = 0; value < 10_000; value++) lists.remove(5, value)
  assert.equal(lists.count(5), 0)
  fill()
  assert.equal(lists.memory_bytes(), bytes)
})

test('a list that never was is empty', () => {
  const lists = createPostingLists()
  assert.equal(lists.count(1_000_000), 0)
  assert.equal(lists.copyInto(new Uint32Array(0), 1_000_000), 0)
})
