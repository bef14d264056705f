// A copy of the signed roots elsewhere: it catches up after whatever kept it from being written, and keeps nothing else from going on.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { publishToFile } from '#platform/audit/publish.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { openRootsCopy } from './roots-copy.ts'
import { openAuditSealing, type AuditSealing } from './sealing.ts'
import { sealAll } from './sealing.testing.ts'

describe('a copy of the audit roots elsewhere', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'openward-roots-')), 'mounted')
  let api: TestApi
  let sealing: AuditSealing
  before(async () => {
    api = await startTestApi({ audit_roots_directory: folder })
    sealing = await openAuditSealing(api.system)
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    rmSync(join(folder, '..'), { recursive: true })
  })

  const roots = (place: string) => readFileSync(join(place, 'roots.txt'), 'utf8')
  const here = () => roots(join(api.configuration.data_directory, 'audit'))
  async function sealMore() {
    const patient_id = await api.patient()
    await api.rows(sql`
      insert into audit_logs (action, resource_type, outcome, correlation_id, patient_id)
      values ('test.read', 'test', 'success', 'test', ${patient_id})`)
    await sealAll(api, sealing)
  }
  const open = (options = {}) => {
    const copy = openRootsCopy(api.system, options)
    assert.ok(copy)
    return copy
  }

  it('is made where a folder is named, and none is where none is', async () => {
    assert.equal(
      openRootsCopy({ ...api.system, configuration: { ...api.configuration, audit_roots_directory: undefined } }),
      undefined,
    )
    const answer = await api.app.http.inject({ method: 'GET', url: '/health/ready' })
    assert.equal(answer.json<{ parts: Record<string, { status: string }> }>().parts['audit_roots_copy']?.status, 'ok')
  })

  it('tells what is wrong with the folder while the log is sealed all the same, and then catches up', async () => {
    const copy = open()
    await sealMore()
    await copy.copy()
    assert.deepEqual(copy.check(), {
      status: 'degraded',
      detail:
        'Roots of the audit log are not copied to OPENWARD_AUDIT_ROOTS_DIR: there is no such folder: mount it, or mend the variable',
    })
    await sealMore()
    writeFileSync(folder, 'no folder')
    await copy.copy()
    assert.match(copy.check().detail ?? '', /it cannot be written to \(ENOTDIR\)/)
    rmSync(folder)
    mkdirSync(folder)
    writeFileSync(join(folder, 'roots.txt'), 'a diary\n')
    await copy.copy()
    assert.match(copy.check().detail ?? '', /roots.txt there is something else: move it away/)
    rmSync(join(folder, 'roots.txt'))
    await copy.copy()
    assert.deepEqual(copy.check(), { status: 'ok' })
    assert.equal(roots(folder), here())
    await sealMore()
    await copy.copy()
    assert.equal(roots(folder), here())
    assert.equal(here().match(/^sealed_at /gm)?.length, 3)
  })

  it('is what the log is compared with, also where the file of this machine is gone', async () => {
    const { agreeing_outside_roots: agreeing, unread_roots } = await sealing.verify()
    assert.deepEqual([agreeing, unread_roots], [3, []])
    rmSync(join(api.configuration.data_directory, 'audit', 'roots.txt'))
    const gone = await sealing.verify()
    assert.deepEqual([gone.is_whole, gone.agreeing_outside_roots, gone.unread_roots], [true, 3, ['OPENWARD_DATA_DIR']])
  })

  it('says where the log does not continue what lies there, and writes nothing', async () => {
    const copy = open()
    const before = roots(folder)
    await api.rows(sql`create table roots_kept as select * from audit_roots`)
    await api.rows(sql`delete from audit_roots`)
    await copy.copy()
    assert.match(copy.check().detail ?? '', /the published root of \d+ entries is not in this database/)
    assert.equal(roots(folder), before)
    await api.rows(sql`insert into audit_roots select * from roots_kept`)
    await copy.copy()
    assert.deepEqual([copy.check().status, roots(folder)], ['ok', before])
  })

  it('keeps nobody waiting for a folder that does not answer, and goes on when it does', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const file = publishToFile(join(folder, 'roots.txt'))
    const publisher = { ...file, last: () => promise.then(() => file.last()) }
    const copy = open({ publisher, patience_ms: 50, every_ms: 20 })
    copy.start()
    while (copy.check().status === 'ok') await sealMore()
    assert.match(copy.check().detail ?? '', /the folder does not answer/)
    // More often than the pool has connections.
    for (let times = 0; times < 20; times += 1) await copy.copy()
    await sealMore()
    resolve()
    while (copy.check().status !== 'ok') await sealMore()
    await copy.stop()
    await copy.copy()
    assert.equal(roots(folder), here())
  })

  it('is written by one of many at a time', async () => {
    await sealMore()
    await Promise.all(Array.from({ length: 5 }, () => open().copy()))
    const sizes = [...roots(folder).matchAll(/^openward-audit\n(\d+)$/gm)].map(([, size]) => Number(size))
    assert.deepEqual(
      sizes,
      [...new Set(sizes)].toSorted((one, other) => one - other),
    )
  })

  it('waits without a word while the database is away', async () => {
    const pool = { connect: () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })) }
    const copy = openRootsCopy({ ...api.system, pool: pool as never })
    await copy?.copy()
    assert.deepEqual(copy?.check(), { status: 'ok' })
  })
})
