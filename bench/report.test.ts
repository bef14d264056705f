import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RunFacts, updateDocument } from './report.ts'
import type { RowResult } from './row.ts'

const facts: RunFacts = {
  date: '2026-12-01',
  cores: 2,
  memory_gib: 8,
  versions: 'v',
  driver: 'wrk',
  seconds: 5,
  rounds: 3,
  people: 100_000,
}

function rowOf(name: string, value: number): RowResult {
  const median = { value, detail: 'p50 1 ms', errors: 0 }
  const sides = [{ side: 'OpenWard', turns: [median], median }]
  const verdicts = [{ promise: 'at most 3', ratio: undefined, kept: value <= 3 }]
  return { name, requirement: 'r', unit: 's', people: 10_000, sides, verdicts }
}

test('a row measured again replaces itself and leaves the others', () => {
  const first = updateDocument('', facts, [rowOf('start', 9), rowOf('memory', 2)])
  const second = updateDocument(first, facts, [rowOf('start', 1)])
  assert.match(first, /`start`.*\*\*9\.00\*\* s.*\*\*broken\*\*/)
  assert.match(second, /`start`.*\*\*1\.00\*\* s.*kept/)
  assert.match(second, /`memory`/)
  assert.equal(second.match(/`start`/g)?.length, 1)
})

test('runs with different numbers of people have sections of their own', () => {
  const first = updateDocument('', facts, [rowOf('start', 1)])
  const second = updateDocument(first, { ...facts, people: 1_000_000 }, [rowOf('start', 2)])
  assert.deepEqual(second.match(/^## .*$/gm), ['## Up to 100,000 people', '## Up to 1,000,000 people'])
  assert.equal(updateDocument(second, facts, []), second)
})
