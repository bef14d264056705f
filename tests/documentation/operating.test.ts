// docs/operating.md knows the commands that the program knows.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { auditCommand } from '../../server/cli/audit.ts'
import { keysCommand } from '../../server/cli/keys.ts'
import { fencedBlocks, readDocument, tableRows } from './blocks.ts'

const document = readDocument('docs/operating.md')

describe('the guide for operators', () => {
  it('lists the rotations of keys that the command lists', () => {
    const told = [...keysCommand.usage.matchAll(/^ {2}(rotate --\S+(?: \[[^\]]+\])?)/gm)].map(([, words]) => words)
    assert.ok(told.length > 4)
    const listed = tableRows(document).flatMap(([command = '']) => {
      const words = /^`npx openward keys (rotate .*)`$/.exec(command)?.[1]
      return words === undefined ? [] : [words]
    })
    assert.deepEqual(listed, told)
  })

  it('shows an environment that a shell reads as systemd does', () => {
    const text = fencedBlocks(document).find((block) => block.text.startsWith('OPENWARD_ENV=production'))?.text ?? ''
    const lines = text.trim().split('\n')
    assert.ok(lines.length > 8)
    const { status, stdout, stderr } = spawnSync('sh', ['-c', `set -a\n${text}\nenv`], { env: {}, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(stderr, '')
    const read = new Set(stdout.split('\n'))
    // What systemd makes of a value in quotes is what stands between them.
    for (const line of lines) assert.ok(read.has(line.replace(/="(.*)"$/, '=$1')), line)
  })

  it('shows what may be done with the audit log', () => {
    const told = auditCommand.usage.match(/^openward audit \w+/gm) ?? []
    assert.ok(told.length > 1)
    for (const words of told) assert.ok(document.includes(`npx ${words}`), words)
  })

  it('says what servers of one database must have in common', () => {
    const [, several = ''] = /^## Several servers\n([\s\S]*?)^## /m.exec(document) ?? []
    for (const name of ['DATABASE_URL', 'master key', 'OPENWARD_PUBLIC_URL']) assert.ok(several.includes(name), name)
  })
})
