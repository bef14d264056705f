import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { explainApi } from '../access/explain.contract.ts'
import { forbidden } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { auditLogApi, verificationRunning } from './audit-log.contract.ts'
import { sealAll } from './sealing.testing.ts'
import { openAuditSealing } from './sealing.ts'

describe('the audit log', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('tells who asked about whom, under which correlation id, with what outcome', async () => {
    const [admin, nurse, patient_id] = [await api.person('admin'), await api.person('nurse'), await api.patient()]
    const query = { user_id: nurse.user_id, patient_id }
    await admin.call(explainApi.explain, { query }, { 'x-correlation-id': 'asked-by-admin' })
    await assert.rejects(
      nurse.call(explainApi.explain, { query }, { 'x-correlation-id': 'asked-by-nurse' }),
      refusedWith(forbidden),
    )
    const { items } = await admin.call(auditLogApi.list, { query: { action: 'access.explain' } })
    assert.deepEqual(
      items.map(({ user_id, correlation_id, outcome }) => [user_id, correlation_id, outcome]),
      [
        [nurse.user_id, 'asked-by-nurse', 'denied'],
        [admin.user_id, 'asked-by-admin', 'success'],
      ],
    )
    assert.equal(items[1]?.patient_id, patient_id)
  })

  it('names who did it and the number of whose record it was, and finds both without an address that holds them', async () => {
    const [auditor, admin, patient_id] = [await api.person('auditor'), await api.person('admin'), await api.patient()]
    await admin.call(explainApi.explain, { query: { user_id: admin.user_id, patient_id } })
    const { items } = await auditor.call(auditLogApi.list, { query: { user_id: admin.user_id, patient_id } })
    const { user_name, patient_number } = items[0] ?? {}
    assert.ok(user_name && patient_number)
    const byName = await auditor.call(auditLogApi.subjects, { body: { q: user_name.slice(2).toUpperCase() } })
    assert.ok(byName.users.some(({ user_id }) => user_id === admin.user_id))
    assert.deepEqual(byName.patients, [])
    const byNumber = await auditor.call(auditLogApi.subjects, { body: { q: patient_number.replaceAll('-', '') } })
    assert.deepEqual(byNumber, { users: [], patients: [{ patient_id, patient_number }] })
  })

  it('reads on where a page ended, without a gap or a repeat', async () => {
    const auditor = await api.person('auditor')
    for (let count = 0; count < 5; count += 1) await auditor.call(auditLogApi.roots, {})
    const query = { user_id: auditor.user_id, action: 'audit_log.roots', limit: '2' }
    const seen: string[] = []
    for (let cursor: string | null | undefined = undefined, pages = 0; cursor !== null && pages < 9; pages += 1) {
      const page: { items: { id: string }[]; next_cursor: string | null } = await auditor.call(auditLogApi.list, {
        query: { ...query, ...(cursor ? { cursor } : {}) },
      })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor
    }
    assert.equal(new Set(seen).size, 5)
    assert.equal(seen.length, 5)
  })

  it('is proved whole, and names an entry that the superuser altered', async () => {
    const [auditor, sealing] = [await api.person('auditor'), await openAuditSealing(api.system)]
    await auditor.call(auditLogApi.roots, {})
    await sealAll(api, sealing)
    const whole = await auditor.call(auditLogApi.verify, {})
    assert.equal(whole.is_whole, true)
    assert.ok(whole.whole_entries > 0)
    const [victim] = await api.rows<{ id: string }>(sql`update audit_logs set outcome = 'failure'
      where id = (select id from audit_logs order by id limit 1) returning id`)
    const broken = await auditor.call(auditLogApi.verify, {})
    assert.equal(broken.is_whole, false)
    assert.deepEqual([broken.findings[0]?.kind, broken.findings[0]?.entry_id], ['altered', victim?.id])
    await api.rows(sql`update audit_logs set outcome = 'success' where id = ${victim?.id}`)
  })

  it('is verified once at a time', async () => {
    const auditor = await api.person('auditor')
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      await owner.query('lock table audit_roots in access exclusive mode')
      const first = auditor.call(auditLogApi.verify, {})
      const waiting = sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%audit_roots%'`
      while ((await api.rows(waiting)).length === 0);
      await assert.rejects(auditor.call(auditLogApi.verify, {}), refusedWith(verificationRunning))
      await owner.query('rollback')
      assert.ok(await first)
    } finally {
      await owner.end()
    }
    assert.ok(await auditor.call(auditLogApi.verify, {}))
  })

  it('is searched by all that its entries say', async () => {
    const [auditor, nurse, patient_id] = [await api.person('auditor'), await api.person('nurse'), await api.patient()]
    const before = Temporal.Now.instant().toString()
    const query = { user_id: nurse.user_id, patient_id }
    await nurse.call(explainApi.explain, { query }, { 'x-correlation-id': 'searched-for' }).catch(() => undefined)
    const after = Temporal.Now.instant().add({ seconds: 1 }).toString()
    const found = async (more: object) =>
      (await auditor.call(auditLogApi.list, { query: { user_id: nurse.user_id, ...more } })).total
    for (const fitting of [
      { action: 'access.explain' },
      { outcome: 'denied' },
      { correlation_id: 'searched-for' },
      { from: before },
      { to: after },
      { from: before, to: after },
    ])
      assert.equal(await found(fitting), 1, JSON.stringify(fitting))
    for (const other of [
      { action: 'patient.read' },
      { outcome: 'success' },
      { correlation_id: 'searched' },
      { from: after },
      { to: before },
      { patient_id: nurse.user_id },
    ])
      assert.equal(await found(other), 0, JSON.stringify(other))
  })

  it('is sealed as time goes by, and says so where it does not continue what was published', async () => {
    const [auditor, sealing] = [await api.person('auditor'), await openAuditSealing(api.system, 5)]
    const known = sealing.keys
    // The key was rotated meanwhile, at another server.
    await api.rows(sql`update signing_keys set retired_at = now() where purpose = 'audit_root'`)
    sealing.start()
    const pass = async () => (await auditor.call(auditLogApi.roots, {})).items[0]?.tree_size ?? 0
    const before = await pass()
    while ((await pass()) === before);
    assert.deepEqual(await sealing.check(), { status: 'ok' })
    assert.equal(sealing.keys.length, known.length + 1)
    const published = readFileSync(join(api.configuration.data_directory, 'audit', 'keys.txt'), 'utf8')
    assert.deepEqual(published.trim().split('\n'), sealing.keys)
    await sealing.stop()
    await api.rows(sql`
      create table roots_kept as select * from audit_roots where tree_size = (select max(tree_size) from audit_roots)`)
    await api.rows(sql`delete from audit_roots where tree_size = (select tree_size from roots_kept)`)
    sealing.start()
    while ((await sealing.check()).status === 'ok') await pass()
    assert.match((await sealing.check()).detail ?? '', /is not in this database/)
    await api.rows(sql`insert into audit_roots select * from roots_kept`)
    while ((await sealing.check()).status !== 'ok') await pass()
    await sealing.stop()
  })

  it('cannot be changed by the role that serves requests', async () => {
    const { pool } = api.system
    for (const statement of [
      `update audit_logs set outcome = 'denied'`,
      'delete from audit_logs',
      'truncate audit_logs',
      'delete from audit_leaves',
      'delete from audit_roots',
    ]) {
      await assert.rejects(pool.query(statement), { code: '42501' })
    }
  })

  it('is read by those who may only', async () => {
    for (const role of ['doctor', 'nurse', 'staff']) {
      await assert.rejects((await api.person(role)).call(auditLogApi.list, { query: {} }), refusedWith(forbidden))
    }
  })

  it('shows a patient what happened to their own record, and nothing else', async () => {
    const [mine, other] = [await api.patient(), await api.patient()]
    const [admin, patient] = [await api.person('admin'), await api.person('patient', { patient_id: mine })]
    for (const patient_id of [mine, other])
      await admin.call(explainApi.explain, { query: { user_id: admin.user_id, patient_id } })
    const { items, total } = await patient.call(auditLogApi.list, { query: {} })
    assert.equal(total, 1)
    assert.deepEqual(
      items.map(({ patient_id }) => patient_id),
      [mine],
    )
  })

  it('tells a patient neither from where others looked nor which other patient tried', async () => {
    const mine = await api.patient()
    const [patient, stranger] = [
      await api.person('patient', { patient_id: mine }),
      await api.person('patient', { patient_id: await api.patient() }),
    ]
    const staff = await api.person('staff')
    for (const who of [stranger, staff, patient])
      await who.call(patientApi.read, { params: { patient_id: mine } }).catch(() => undefined)
    const list = async (query: object) => (await patient.call(auditLogApi.list, { query })).items
    const shown = (await list({ action: 'patient.read' })).map(
      ({ user_id, role, session_id, ip_address, user_agent }) => [
        user_id,
        role,
        session_id !== null || ip_address !== null || user_agent !== null,
      ],
    )
    assert.deepEqual(shown, [
      [patient.user_id, 'patient', true],
      [staff.user_id, 'staff', false],
      [null, 'patient', false],
    ])
    assert.deepEqual(await list({ user_id: stranger.user_id }), [])
    const seen = await patient.call(emergencyAccessApi.access_log, { params: { patient_id: mine }, query: {} })
    assert.ok(seen.items.length > 0 && seen.items.every(({ user_id }) => user_id !== stranger.user_id))
  })

  for (const query of ['action=%00', 'correlation_id=a%00'])
    it(`refuses ${query}`, async () => {
      const admin = await api.person('admin')
      assert.equal((await admin.send({ method: 'GET', url: `/api/v1/audit-logs?${query}`, headers: {} })).status, 422)
    })
})
