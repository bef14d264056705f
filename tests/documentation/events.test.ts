// docs/events.md lists what the code emits: every place that emits is found in the source and understood.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readDocument, root, tableRows } from './blocks.ts'

const sources = globSync('server/modules/**/*.ts', { cwd: root })
  .filter((path) => !/\.(test|testing)\.ts$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

/** How an event is written here, and the types that this makes. */
const forms: { form: RegExp; types: (match: RegExpExecArray) => string[] }[] = [
  { form: /\bemit\(\s*\{\s*type: '([a-z_.]+)'/g, types: ([, type = '']) => [type] },
  { form: /\bemit\(\s*\{\s*type: `patient\.\$\{verb\}d`/g, types: () => ['patient.deleted', 'patient.restored'] },
  { form: /\bemit\(\s*waitlistEventOf\(\s*'(\w+)'/g, types: ([, what = '']) => [`waitlist.${what}`] },
  {
    form: /\bemit\(\{ type: `\$\{noun\}\.\$\{verb\}`/g,
    types: () =>
      ['allergy', 'condition'].flatMap((noun) => ['added', 'updated', 'removed'].map((verb) => `${noun}.${verb}`)),
  },
  {
    form: /(?<!function )\beventOf\(\s*(?:\w+ \? )?'(\w+)'(?: : '(\w+)')?/g,
    types: ([, ...whats]) => whats.filter((what) => what !== undefined).map((what) => `appointment.${what}`),
  },
]

function emitted(): { types: Set<string>; unread: string[] } {
  const types = new Set<string>()
  const unread: string[] = []
  for (const { path, text } of sources) {
    const starts = [...text.matchAll(/\bemit\(|(?<!function )\beventOf\(/g)].map(({ index }) => index)
    const read = new Set<number>()
    for (const { form, types: typesOf } of forms) {
      for (const match of text.matchAll(form)) {
        read.add(match.index)
        for (const type of typesOf(match)) types.add(type)
      }
    }
    // `emit(eventOf(…))` is read at eventOf.
    const isWrapped = (at: number) => /^emit\(\s*eventOf\(/.test(text.slice(at))
    unread.push(
      ...starts.filter((at) => !read.has(at) && !isWrapped(at)).map((at) => `${path}: ${text.slice(at, at + 60)}`),
    )
  }
  return { types, unread }
}

describe('the list of events', () => {
  const { types, unread } = emitted()

  it('can be read from every place that emits', () => {
    assert.ok(types.size >= 15)
    assert.deepEqual(unread, [])
  })

  it('names each type that is emitted, and no other', () => {
    const listed = tableRows(readDocument('docs/events.md')).map(([type = '']) => type.replaceAll('`', ''))
    assert.deepEqual(listed.sort(), [...types].sort())
  })
})
