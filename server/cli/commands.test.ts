// The commands that an operator runs, as processes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { invalidRequest } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { createUserAsOperator } from '#modules/identity'
import { accountExists } from '../modules/identity/account.contract.ts'
import { refusedWith, startTestApi, type TestApi, testMasterKey } from '../testing.ts'

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

  it('tells a wrong master key, mail that is away and a rotation that was interrupted', async () => {
    const away = { SMTP_URL: 'smtp://127.0.0.1:6349', REDIS_URL: 'redis://127.0.0.1:6350' }
    const wrong = await openward(['doctor'], { ...away, OPENWARD_MASTER_KEY: generateMasterKey() })
    assert.deepEqual(wrongOf(wrong.output), ['mail server', 'Redis', 'durability of the database', 'master key'])
    await api.rows(sql`insert into key_rotations (kind) values ('index')`)
    const interrupted = await openward(['doctor'])
    await api.rows(sql`delete from key_rotations`)
    assert.match(interrupted.output, /WRONG interrupted rotations: run `openward keys rotate` again with --index/)
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

  it('refuses words that it does not know', async () => {
    for (const words of [
      ['keys', 'rotate', '--kek', '--index'],
      ['keys', 'rotate', '--nothing'],
      ['user', 'create'],
    ])
      assert.equal((await openward(words)).code, 2, words.join(' '))
  })
})
