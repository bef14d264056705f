import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareDigests } from './table-digests.ts'

test('tables that differ are told, each by what is other, and those that are the same are not', () => {
  const same = { rows: 3, digest: '1:2' }
  const before = { same, lost: same, fewer: same, changed: same }
  const after = { same, new: same, fewer: { rows: 2, digest: '0:1' }, changed: { rows: 3, digest: '1:3' } }
  assert.deepEqual(compareDigests(before, before), [])
  assert.deepEqual(compareDigests(before, after), [
    'lost is not there',
    'fewer has 2 rows, and had 3',
    'changed has other values than it had',
    'new was not there',
  ])
})
