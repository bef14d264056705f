import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { it } from 'node:test'
import { rules } from './visibility.ts'

it('every kind of record that events are about has a rule for who may know of it', (t) => {
  const modules = new URL('..', import.meta.url).pathname
  const sources = globSync('*/*.ts', { cwd: modules })
    .filter((path) => !/\.(test|testing)\.ts$/.test(path))
    .map((path) => readFileSync(`${modules}${path}`, 'utf8'))
  const found = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/\b(?:subject_type|noun): (?:\w+ \? )?'(\w+)'(?: : '(\w+)')?/g)].flatMap(([, ...kinds]) =>
        kinds.filter((kind) => kind !== undefined),
      ),
    ),
  )
  t.diagnostic(`${sources.length} files, ${found.size} kinds of records`)
  assert.ok(found.size >= 7)
  assert.deepEqual([...found].sort(), Object.keys(rules).sort())
})
