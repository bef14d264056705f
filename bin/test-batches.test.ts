import assert from 'node:assert/strict'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { root } from './processes.ts'
import { batchesOf } from './test-batches.ts'

describe('test files that share a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'openward-test-batches-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const shared = Array.from({ length: 12 }, (_, at) => `server/modules/ward/${String.fromCodePoint(97 + at)}.test.ts`)
  const own = 'tests/faults/commit.test.ts'

  it('are each read once, and those apart as they are', () => {
    const { paths } = batchesOf([...shared, own], folder)
    assert.equal(paths.at(-1), own)
    const read = paths.slice(0, -1).flatMap((path) => readFileSync(path, 'utf8').match(/(?<=describe\(")[^"]+/g))
    assert.deepEqual(read, shared)
    assert.ok(paths.length > 2)
  })

  it('fail by their own name, and all of them where their process ends', () => {
    const { paths, filesOf } = batchesOf([...shared, own], folder)
    const [first = ''] = paths
    assert.deepEqual(filesOf(first, shared[3] ?? ''), [join(root, shared[3] ?? '')])
    assert.ok(filesOf(first, first).length > 1)
    assert.deepEqual(filesOf(own, 'a test of it'), [own])
  })

  it('are none where there are few of them', () => {
    assert.deepEqual(batchesOf(shared.slice(0, 3), folder).paths, shared.slice(0, 3))
  })
})
