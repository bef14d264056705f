import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EntryTexts, entryColumns, entryToBytes, hashEntry } from './leaf.ts'

const entry: EntryTexts = {
  id: '019ab000-0000-7000-8000-000000000001',
  timestamp_seconds: '1795334400.000001',
  user_id: '019ab000-0000-7000-8000-000000000002',
  role: 'nurse',
  session_id: null,
  ip_address: '192.0.2.7/32',
  user_agent: 'Mozilla/5.0 "quoted" \u2028 \u{1f3e5}',
  action: 'read',
  resource_type: 'patient',
  resource_id: null,
  patient_id: '019ab000-0000-7000-8000-000000000003',
  outcome: 'success',
  purpose: null,
  correlation_id: 'c-1',
  key_id: null,
  changes_sha256: null,
  details: '{"fields": ["phone"], "count": 2}',
}
const columns = Object.keys(entry) as (keyof EntryTexts)[]

test('an entry has the same bytes for ever', () => {
  assert.equal(
    entryToBytes(entry).toString(),
    '["openward audit entry 1","019ab000-0000-7000-8000-000000000001","1795334400.000001",' +
      '"019ab000-0000-7000-8000-000000000002","nurse",null,"192.0.2.7/32",' +
      '"Mozilla/5.0 \\"quoted\\" \u2028 \u{1f3e5}","read","patient",null,' +
      '"019ab000-0000-7000-8000-000000000003","success",null,"c-1",null,null,' +
      '"{\\"fields\\": [\\"phone\\"], \\"count\\": 2}"]',
  )
  const expected = createHash('sha256').update(Buffer.of(0)).update(entryToBytes(entry)).digest('hex')
  assert.equal(hashEntry(entry).toString('hex'), expected)
})

test('the bytes do not depend on the order in which a driver lists the columns', () => {
  const reversed = Object.fromEntries(Object.entries(entry).reverse()) as EntryTexts
  assert.deepEqual(entryToBytes(reversed), entryToBytes(entry))
})

test('every column counts: changing any one, emptying it or moving its text to the next changes the hash', () => {
  assert.equal(columns.length, 17)
  const text = fc.oneof(fc.constant(null), fc.string({ unit: 'binary', maxLength: 12 }))
  fc.assert(
    fc.property(fc.constantFrom(...columns), text, (column, value) => {
      fc.pre(value !== entry[column])
      assert.notDeepEqual(hashEntry({ ...entry, [column]: value }), hashEntry(entry))
    }),
  )
  for (const [index, column] of columns.entries()) {
    const next = columns[index + 1]
    if (next === undefined || entry[column] === entry[next]) continue
    assert.notDeepEqual(hashEntry({ ...entry, [column]: entry[next], [next]: entry[column] }), hashEntry(entry), column)
  }
})

test('the select list renders every column that is hashed', () => {
  for (const column of columns) assert.match(entryColumns, new RegExp(`\\b${column}\\b`))
})
