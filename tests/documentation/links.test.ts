// Every link of a document inside the repository leads to a file, and to a heading where it names one.
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, it } from 'node:test'
import { readDocument, root } from './blocks.ts'

const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort()

/** As forges make it of a heading. */
function anchorsOf(document: string): Set<string> {
  const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text)
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

describe('the documents', () => {
  it('link to files and headings that are there', () => {
    const links = documents.flatMap((from) =>
      [...readDocument(from).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => ({ from, to })),
    )
    assert.ok(links.length > 100)
    // An address that begins with a slash is one of the running server.
    const broken = links.filter(({ from, to }) => {
      if (/^(https?:|mailto:|\/)/.test(to)) return false
      const [path = '', heading] = to.split('#')
      const target = path === '' ? from : normalize(join(dirname(from), path))
      if (!existsSync(join(root, target))) return true
      return heading !== undefined && !anchorsOf(readDocument(target)).has(heading)
    })
    assert.deepEqual(broken, [])
  })
})
