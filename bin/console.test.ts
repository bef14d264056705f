import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { sourcesDigest } from './console.mjs'

describe('what the console is built from', () => {
  const root = mkdtempSync(join(tmpdir(), 'openward-console-'))
  after(() => rmSync(root, { recursive: true, force: true }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const read = [
    'console/index.html',
    'console/words/en.ts',
    'server/modules/patients/patient.contract.ts',
    'server/modules/identity/user.fields.ts',
    'server/platform/contract/problem.ts',
    'bin/build-console.ts',
    'package-lock.json',
  ]
  const unread = [
    'console/built/index.html',
    'console/words/clock.test.ts',
    'server/modules/patients/patient.service.ts',
    'server/platform/contract/client.test.ts',
    'README.md',
  ]
  for (const path of [...read, ...unread]) write(path, 'before')

  for (const path of read) {
    it(`changes with ${path}`, () => {
      const before = sourcesDigest(root)
      write(path, `after ${path}`)
      assert.notEqual(sourcesDigest(root), before)
    })
  }
  for (const path of unread) {
    it(`does not change with ${path}`, () => {
      const before = sourcesDigest(root)
      write(path, `after ${path}`)
      assert.equal(sourcesDigest(root), before)
    })
  }
})
