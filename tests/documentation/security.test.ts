// docs/security.md has a row for every requirement of this version, and every test that it names exists.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readDocument, root, tableRows } from './blocks.ts'

const numbered = (group: string, last: number) =>
  Array.from({ length: last }, (_, index) => `${group}-${String(index + 1).padStart(2, '0')}`)
const required = [
  ...numbered('ID', 12),
  ...numbered('SE', 12),
  ...numbered('AZ', 16),
  ...numbered('PE', 10),
  ...numbered('AU', 14),
  ...numbered('IN', 11),
  ...numbered('FI', 9),
  ...numbered('TR', 7),
  ...numbered('RL', 7),
  ...numbered('JB', 9),
  ...numbered('BR', 7),
  ...numbered('FA', 6),
  // Of the fault matrix.
  ...Array.from({ length: 42 }, (_, index) => `row ${index + 1}`).flatMap((row) =>
    row === 'row 13' ? [row, 'row 13b'] : [row],
  ),
]
const document = readDocument('docs/security.md')
const rows = tableRows(document).map(([id = '', requirement = '', state = '', shown = '']) => ({
  id,
  requirement,
  state,
  tests: [...shown.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, path = '', title = '']) => ({ path, title })),
  parts: shown === '' ? 0 : shown.split('<br>').length,
  says_what_is_missing: /(^|<br>)Not yet: \S/.test(shown),
}))

describe('the list of security requirements', () => {
  it('has a row for each, in order', () => {
    assert.deepEqual(
      rows.map(({ id }) => id),
      required,
    )
    assert.deepEqual(
      rows.filter(({ requirement }) => requirement === ''),
      [],
    )
  })

  it('names only tests that exist, by file and title', () => {
    const named = rows.flatMap(({ id, tests }) => tests.map((test) => ({ id, ...test })))
    assert.ok(named.length > 150)
    const missing = named.filter(({ path, title }) => {
      const isTest = path.endsWith('.test.ts') && existsSync(join(root, path))
      return !isTest || !readDocument(path).includes(title)
    })
    assert.deepEqual(missing, [])
  })

  it('says of every row whether it is shown, and what is missing where it is not', () => {
    const wrong = rows.filter(({ state, tests, parts, says_what_is_missing }) => {
      const isRead = parts === tests.length + (says_what_is_missing ? 1 : 0)
      const expected = !says_what_is_missing ? 'shown' : tests.length > 0 ? 'in part' : 'not yet'
      return !isRead || parts === 0 || state !== expected
    })
    assert.deepEqual(wrong, [])
  })

  it('counts itself rightly', () => {
    const count = (wanted: string) => rows.filter(({ state }) => state === wanted).length
    const sentence = `Of ${rows.length} rows ${count('shown')} are shown, ${count('in part')} in part, ${count('not yet')} not yet.`
    assert.ok(document.includes(sentence), sentence)
  })
})
