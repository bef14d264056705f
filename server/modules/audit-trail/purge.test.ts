// The purge as an operator runs it, on a log that a running system has written and that has grown old.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { PurgeRefused } from '#platform/audit/purge.ts'
import { ageRoots } from '#platform/audit/tampering.testing.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { patientSearchApi } from '../patients/patient-search.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { auditLogApi } from './audit-log.contract.ts'
import { purgeStoredLog } from './purge.ts'
import { sealAll } from './sealing.testing.ts'
import { openAuditSealing, openSigner } from './sealing.ts'

const asked = { kept_years: 6, by: 'Ada Records', reason: 'Retention is over', dry_run: false }
const program = join(dirname(fileURLToPath(import.meta.url)), '../../cli/main.ts')

/** Seals what there is, as if seven years ago. */
async function sealLongAgo(api: TestApi) {
  const sealing = await openAuditSealing(api.system)
  await sealAll(api, sealing)
  const owner = new pg.Client({ connectionString: api.owner_url })
  await owner.connect()
  await ageRoots(owner, (await openSigner(api.system)).signer, 7, 100)
  await owner.end()
  // Published under their true age.
  rmSync(join(api.configuration.data_directory, 'audit', 'roots.txt'))
  return sealing
}

const purge = (api: TestApi, change: Partial<typeof asked> = {}) =>
  purgeStoredLog(api.system, api.owner_url, { ...asked, ...change })
const hold = (api: TestApi, id: string, legal_hold: boolean) =>
  api.rows(sql`update patients set legal_hold = ${legal_hold} where id = ${id}`)
const entries = async (api: TestApi) => (await api.rows(sql`select from audit_logs`)).length

describe('a purge of the audit log', () => {
  it('is refused while anybody whom an entry names is under legal hold, by way of a list or a merge too', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    const [read, listed, survivor, merged] = [
      await api.patient(),
      await api.patient(),
      await api.patient(),
      await api.patient(),
    ]
    await admin.call(patientApi.read, { params: { patient_id: read } })
    await admin.call(patientApi.read, { params: { patient_id: merged } })
    const { items } = await admin.call(patientSearchApi.list, { query: {} })
    assert.ok(items.some(({ id }) => id === listed))
    await sealLongAgo(api)
    await admin.call(mergeApi.merge, {
      params: { patient_id: survivor },
      body: { merged_patient_id: merged, reason: 'the same person', force: true },
    })
    const before = await entries(api)
    for (const id of [read, listed, survivor]) {
      await hold(api, id, true)
      for (const dry_run of [true, false])
        await assert.rejects(purge(api, { dry_run }), (error) => {
          return (
            error instanceof PurgeRefused &&
            /[1-9]\d* entries are of [12] patients under legal hold/.test(error.message)
          )
        })
      await hold(api, id, false)
    }
    assert.equal(await entries(api), before)
    assert.equal((await purge(api))?.entries, 3)
    assert.equal(await entries(api), before - 3 + 1)
  })

  it('is refused while the log is not whole, so that nothing altered goes unseen', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    await admin.call(patientApi.read, { params: { patient_id: await api.patient() } })
    await sealLongAgo(api)
    await api.rows(sql`update audit_logs set action = 'nothing'`)
    await assert.rejects(purge(api), /the log is not whole/)
    assert.equal(await entries(api), 1)
  })

  it('takes the years of the configuration for the least', async () => {
    await using api = await startTestApi({ audit_retention_years: 10 })
    await assert.rejects(purge(api, { kept_years: 9 }), /keeps entries for 10 years/)
  })

  it('is counted first, and leaves a signed statement that the command for auditors tells of', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    await admin.call(patientApi.read, { params: { patient_id: await api.patient() } })
    await sealLongAgo(api)
    const directory = api.configuration.data_directory
    const kept = join(directory, 'audit', 'purges.txt')
    const counted = await purge(api, { dry_run: true })
    assert.deepEqual([counted?.entries, await entries(api), existsSync(kept)], [1, 1, false])
    const { statement = '' } = (await purge(api)) ?? {}
    assert.match(statement, /^by Ada Records\nreason Retention is over$/m)
    assert.equal(readFileSync(kept, 'utf8'), statement)

    const openward = async (...words: string[]) => {
      const child = spawn(process.execPath, [program, 'audit', ...words], {
        cwd: directory,
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          OPENWARD_DATA_DIR: directory,
          DATABASE_URL: api.owner_url,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
      await once(child, 'close')
      return { code: child.exitCode, output }
    }
    const verified = await openward('verify')
    assert.equal(verified.code, 0, verified.output)
    assert.match(verified.output, /entries 1 to 1 were purged at .* after 6 years by Ada Records: Retention is over/)
    const { purges } = await admin.call(auditLogApi.verify, {})
    assert.deepEqual(
      purges.map(({ by, last_seq }) => [by, last_seq]),
      [['Ada Records', 1]],
    )
    for (const words of [
      ['--yes'],
      ['--by', 'Ada', '--reason', 'a\nby Bob', '--yes'],
      ['--by', 'Ada', '--reason', 'b', '--older-than', 'six'],
    ])
      assert.equal((await openward('purge', ...words)).code, 2, words.join(' '))
  })
})
