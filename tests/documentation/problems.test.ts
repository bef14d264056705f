// A page for every code, a code for every page, and each of them served where `type` points.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ProblemKind } from '#platform/contract/problem.ts'
import { startTestApi, type TestApi } from '../../server/testing.ts'
import { readDocument, root, tableRows } from './blocks.ts'
import { declaredProblems } from './problem-kinds.ts'

describe('the pages of problems', () => {
  let api: TestApi
  let kinds: Map<string, ProblemKind>
  before(async () => {
    kinds = await declaredProblems()
    api = await startTestApi()
  })
  after(async () => api[Symbol.asyncDispose]())

  it('are one for each code that a contract declares, and no more', () => {
    const pages = readdirSync(join(root, 'docs/problems')).filter((name) => name !== 'README.md')
    assert.ok(kinds.size > 50)
    assert.deepEqual(pages.map((name) => name.replace(/\.md$/, '')).sort(), [...kinds.keys()].sort())
  })

  it('say the status and the title of the contract, what happened and what to do', () => {
    const wrong = [...kinds.values()].filter(({ code, status, title }) => {
      const page = readDocument(`docs/problems/${code}.md`)
      const [beginning = '', happened = '', todo = ''] = page.split(/^## .*\n/m)
      const isComplete = /^## What happened\n[\s\S]*^## What to do\n/m.test(page)
      return beginning !== `# ${code}\n\n${status} · ${title}\n\n` || !isComplete || !happened.trim() || !todo.trim()
    })
    assert.deepEqual(wrong, [])
  })

  it('are listed with status and title', () => {
    const rows = tableRows(readDocument('docs/problems/README.md'))
    const expected = [...kinds.values()].map(({ code, status, title }) => [`${status}`, `[${code}](${code}.md)`, title])
    const byCode = ([, one = '']: string[], [, other = '']: string[]) => one.localeCompare(other)
    assert.deepEqual(rows.sort(byCode), expected.sort(byCode))
  })

  it('answer at the address that `type` of a problem names', async () => {
    const refusal = await api.send({ method: 'GET', url: '/api/v1/patients', headers: {} })
    const { type } = JSON.parse(refusal.text) as { type: string }
    const page = await api.send({ method: 'GET', url: type, headers: {} })
    assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/plain; charset=utf-8'])
    assert.equal(page.text, readDocument('docs/problems/unauthenticated.md'))
  })

  it('are nothing else of the disk', async () => {
    for (const name of [
      'README',
      'no_such_code',
      '..%2Fconfiguration',
      '%2e%2e%2fconfiguration.md',
      'stale_version.md',
    ]) {
      const { status } = await api.send({ method: 'GET', url: `/problems/${name}`, headers: {} })
      assert.equal(status, 404, name)
    }
  })
})
