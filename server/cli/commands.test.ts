// The commands that an operator runs, as processes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { invalidRequest } from '#platform/contract/problem.ts'
import { formatTrustedKey } from '#platform/audit/root.ts'
import { appUrl } from '#platform/database/migrate.ts'
import { sql } from '#platform/database/sql.ts'
import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { createUserAsOperator } from '#modules/identity'
import { accountExists } from '../modules/identity/account.contract.ts'
import { auditCommand } from './audit.ts'
import { backupCommand } from './backup.ts'
import { CommandFailed } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { keysCommand } from './keys.ts'
import { restoreCommand } from './restore.ts'
import { userCommand } from './user.ts'
import { refusedWith, startTestApi, type TestApi, testAppPassword, testMasterKey } from '../testing.ts'

const program = join(dirname(fileURLToPath(import.meta.url)), 'main.ts')

describe('the command line', () => {
  let api: TestApi
  const directory = mkdtempSync(join(tmpdir(), 'openward-cli-'))
  before(async () => void (api = await startTestApi()))
  after(async () => {
    await api[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  async function openward(words: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        OPENWARD_DATA_DIR: directory,
        OPENWARD_TIMEZONE: 'UTC',
        OPENWARD_MASTER_KEY: testMasterKey,
        DATABASE_URL: api.owner_url,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const keep = (chunk: Buffer) => void (output += chunk.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    await once(child, 'close')
    return { code: child.exitCode, output }
  }
  const wrongOf = (output: string) => [...output.matchAll(/^WRONG ([^:]+):/gm)].map(([, name]) => name)

  it('examines an installation, and finds what is wrong with this one: it is made for tests', async () => {
    const { code, output } = await openward(['doctor'])
    assert.deepEqual(wrongOf(output), ['durability of the database'], output)
    assert.equal(code, 1)
    assert.match(output, /^ok {4}audit log$/m)
  })

  it('tells a wrong master key, what is away and a rotation that was interrupted', async () => {
    const away = {
      SMTP_URL: 'smtp://127.0.0.1:6349',
      REDIS_URL: 'redis://127.0.0.1:6350',
      CLAMD_URL: 'tcp://127.0.0.1:6351',
    }
    const wrong = await openward(['doctor'], { ...away, OPENWARD_MASTER_KEY: generateMasterKey() })
    assert.deepEqual(wrongOf(wrong.output), [
      'virus scanner',
      'mail server',
      'Redis',
      'durability of the database',
      'master key',
    ])
    await api.rows(sql`insert into key_rotations (kind) values ('index')`)
    const interrupted = await openward(['doctor', '--json'])
    await api.rows(sql`delete from key_rotations`)
    const told = interrupted.output.split('\n').filter((line) => line.startsWith('{'))
    const findings = told.map(
      (line) => JSON.parse(line) as { name: string; is_well: boolean; what_to_do: string | null },
    )
    assert.ok(findings.length > 15)
    assert.deepEqual(
      findings.filter(({ is_well }) => !is_well).map(({ name }) => name),
      ['durability of the database', 'interrupted rotations'],
    )
    assert.equal(
      findings.find(({ name }) => name === 'interrupted rotations')?.what_to_do,
      'run `openward keys rotate` again with --index',
    )
  })

  it('makes an account with an invitation, and says what is wrong with another', async () => {
    const nia = { email: 'nia@example.org', role: 'nurse', first_name: 'Nia', last_name: 'Okoye' }
    const { id, invitation } = await createUserAsOperator(api.system, nia)
    assert.match(invitation?.link ?? '', /\/invitation#\S+/)
    const [entry] = await api.rows(sql<{ action: string }>`select action from audit_logs where resource_id = ${id}`)
    assert.equal(entry?.action, 'user.create')
    await assert.rejects(
      createUserAsOperator(api.system, { ...nia, email: 'NIA@example.org' }),
      refusedWith(accountExists),
    )
    const refused = (given: object, path: string) =>
      assert.rejects(createUserAsOperator(api.system, { ...nia, ...given }), refusedWith(invalidRequest, path))
    await refused({ email: 'ben@example.org', role: 'wizard' }, '/role')
    await refused({ email: 'ben' }, '/email')
  })

  const sealHere = async () => {
    const configuration = { ...api.system.configuration, data_directory: directory }
    await (await openAuditSealing({ ...api.system, configuration })).seal()
  }

  it('proves the log in production without a master key, by public keys from outside', async () => {
    const ada = { email: 'ada@example.org', role: 'nurse', first_name: 'Ada', last_name: 'Okoye' }
    await createUserAsOperator(api.system, ada)
    await sealHere()
    const elsewhere = mkdtempSync(join(tmpdir(), 'openward-auditor-'))
    try {
      const file = (name: string) => join(elsewhere, name)
      for (const name of ['keys.txt', 'roots.txt']) copyFileSync(join(directory, 'audit', name), file(name))
      const stranger = generateKeyPairSync('ed25519').publicKey
      writeFileSync(file('stranger.txt'), `${formatTrustedKey(stranger)}\n`)
      // An auditor's own machine: nothing of the installation is there but the way to its database.
      const auditor = {
        OPENWARD_DATA_DIR: elsewhere,
        OPENWARD_ENV: 'production',
        OPENWARD_MASTER_KEY: '',
        OPENWARD_MASTER_KEY_FILE: '/nonexistent',
      }
      const verify = (...words: string[]) => openward(['audit', 'verify', ...words], auditor)
      const whole = await verify('--keys', file('keys.txt'), '--outside', file('roots.txt'))
      assert.equal(whole.code, 0, whole.output)
      assert.match(whole.output, /, 0 not sealed yet\n.*agree with it: 1$/ms)
      const between = await verify('--from', file('roots.txt'), '--to', file('roots.txt'))
      assert.equal(between.code, 0, between.output)
      const app = appUrl(api.owner_url, testAppPassword)
      const asApp = await openward(['audit', 'verify', '--keys', file('keys.txt')], { ...auditor, DATABASE_URL: app })
      assert.equal(asApp.code, 0, asApp.output)
      const distrusted = await verify('--keys', file('stranger.txt'))
      assert.equal(distrusted.code, 1, distrusted.output)
      assert.match(distrusted.output, /not signed by a trusted key/)
      for (const name of ['roots.txt', 'nothing.txt']) assert.equal((await verify('--keys', file(name))).code, 2, name)
      assert.deepEqual(readdirSync(elsewhere).toSorted(), ['keys.txt', 'roots.txt', 'stranger.txt'])
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })

  it('leaves the published keys as they are while it verifies, and says who cannot see the whole log', async () => {
    await sealHere()
    const keys = join(directory, 'audit/keys.txt')
    writeFileSync(keys, 'as they were\n')
    assert.equal((await openward(['audit', 'verify'])).code, 0)
    assert.equal(readFileSync(keys, 'utf8'), 'as they were\n')
    const blind = `blind_${randomUUID().replaceAll('-', '')}`
    await api.rows({ ...sql`select`, text: `create role ${blind} login password 'blind'` })
    try {
      const url = new URL(api.owner_url)
      url.username = blind
      url.password = 'blind'
      const refused = await openward(['audit', 'verify'], { DATABASE_URL: url.href })
      assert.equal(refused.code, 1)
      assert.match(refused.output, /does not see the whole log/)
    } finally {
      await api.rows({ ...sql`select`, text: `drop role ${blind}` })
    }
  })

  it('refuses words that it does not know', async () => {
    const told = await openward(['backup', '--keep', '0'])
    assert.equal(told.code, 2, told.output)
    for (const [command, ...words] of [
      [keysCommand, 'rotate', '--kek', '--index'],
      [keysCommand, 'rotate', '--nothing'],
      [userCommand, 'create'],
      [backupCommand, '--log', '--to', 'elsewhere'],
      [restoreCommand],
      [restoreCommand, 'backups', '--at', 'yesterday'],
      [doctorCommand, 'all'],
      [auditCommand],
      [auditCommand, 'verify', '--nothing'],
      [auditCommand, 'seal', '--keys', 'keys.txt'],
    ] as const)
      await assert.rejects(
        command.run([...words]),
        (error) => error instanceof CommandFailed && error.exit_code === 2,
        words.join(' '),
      )
  })
})
