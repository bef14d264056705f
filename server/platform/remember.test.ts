import assert from 'node:assert/strict'
import { it } from 'node:test'
import { remember } from './remember.ts'

it('what is remembered last stays, and what was remembered first goes when there is no more room', () => {
  const known = new Map<string, number>()
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['c', 4],
  ] as const)
    remember(known, key, value, 2)
  assert.deepEqual(
    [...known],
    [
      ['a', 3],
      ['c', 4],
    ],
  )
})
