// The audit log under attack (security A5): what cannot be recorded does not happen, and nobody rewrites what was.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { appUrl } from '#platform/database/migrate.ts'
import { sql } from '#platform/database/sql.ts'
import { databasePassword } from '../../server/system.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { type Person, startTestApi, type TestApi, testMasterKey } from '../../server/testing.ts'
import { assertProblem } from './problem.ts'
import { canary, type Probe, startProbe } from './probe.ts'

let api: TestApi
let probe: Probe
let admin: Person
before(async () => {
  api = await startTestApi()
  probe = await startProbe(api)
  admin = await api.person('admin')
})
after(async () => {
  await probe[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const patient_id = '0198c0de-0000-7000-8000-00000000000a'
const see = (person: Person | undefined, headers: Record<string, string> = {}, id = patient_id) =>
  probe.send({
    method: 'GET',
    url: `/api/v1/probes/${id}`,
    headers: { ...(person ? { authorization: `Bearer ${person.token}` } : {}), ...headers },
  })
const keep = (person: Person, name: string, headers: Record<string, string> = {}) =>
  probe.send({
    method: 'POST',
    url: '/api/v1/probes',
    headers: { authorization: `Bearer ${person.token}`, ...headers },
    payload: { name, age: 1 },
  })

type Entry = {
  action: string
  outcome: string
  user_id: string | null
  role: string | null
  patient_id: string | null
  ip_address: string
  user_agent: string | null
  details: unknown
}
const entriesOf = (correlation_id: unknown) =>
  api.rows<Entry>(sql`
    select action, outcome, user_id, role, patient_id, host(ip_address) as ip_address, user_agent, details
      from audit_logs where correlation_id = ${String(correlation_id)}`)

/** While `work` runs, the application's role may not write audit entries (or events) in this test's own database. */
async function without(table: 'audit_logs' | 'events', work: () => Promise<void>) {
  const name =
    table === 'audit_logs'
      ? sql`revoke insert on audit_logs from openward_app`
      : sql`revoke insert on events from openward_app`
  await api.rows(name)
  try {
    await work()
  } finally {
    await api.rows(
      table === 'audit_logs'
        ? sql`grant insert on audit_logs to openward_app`
        : sql`grant insert on events to openward_app`,
    )
  }
}

describe('AU-01 every request about a person', () => {
  it('leaves one entry that says who, what, of whom, from where and how it ended', async () => {
    const answer = await see(admin, { 'user-agent': 'console 1' })
    assert.equal(answer.statusCode, 200)
    const entry = {
      action: 'probe.read',
      outcome: 'success',
      user_id: admin.user_id,
      role: 'admin',
      patient_id,
      ip_address: '127.0.0.1',
      user_agent: 'console 1',
      details: null,
    }
    assert.deepEqual(await entriesOf(answer.headers['x-correlation-id']), [entry])
  })

  it('that is refused for want of a right leaves its denial', async () => {
    const auditor = await api.person('auditor')
    const answer = await see(auditor)
    assertProblem(answer, 403)
    assert.deepEqual(
      (await entriesOf(answer.headers['x-correlation-id'])).map(({ action, outcome, user_id, patient_id: of }) => ({
        action,
        outcome,
        user_id,
        of,
      })),
      [{ action: 'probe.read', outcome: 'denied', user_id: auditor.user_id, of: patient_id }],
    )
  })

  it('that is refused with an id that is none leaves its denial all the same', async () => {
    const auditor = await api.person('auditor')
    for (const id of ['-'.repeat(36), '0'.repeat(36), 'x']) {
      const answer = await see(auditor, {}, id)
      assertProblem(answer, 403)
      assert.equal((await entriesOf(answer.headers['x-correlation-id'])).length, 1)
    }
  })

  it('of a stranger leaves none, since nobody acted', async () => {
    const answer = await see(undefined)
    assertProblem(answer, 401)
    assert.deepEqual(await entriesOf(answer.headers['x-correlation-id']), [])
  })
})

describe('AU-02, AU-03 an entry that cannot be written', () => {
  it('keeps the change from happening', async () => {
    await without('audit_logs', async () => {
      const answer = await keep(admin, 'never kept')
      assert.equal(assertProblem(answer, 503).code, 'unavailable')
      assert.ok(Number(answer.headers['retry-after']) >= 1)
    })
    assert.deepEqual(await api.rows(sql`select from departments where name = 'never kept'`), [])
    assert.equal((await keep(admin, 'kept afterwards')).statusCode, 201)
  })

  it('keeps a change with an Idempotency-Key from happening, and lets the repeat do it', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    await without('audit_logs', async () => void assertProblem(await keep(admin, 'kept once', headers), 503))
    assert.deepEqual(await api.rows(sql`select from departments where name = 'kept once'`), [])
    const statuses = [
      (await keep(admin, 'kept once', headers)).statusCode,
      (await keep(admin, 'kept once', headers)).statusCode,
    ]
    assert.deepEqual(statuses, [201, 201])
    assert.equal((await api.rows(sql`select from departments where name = 'kept once'`)).length, 1)
  })

  it('keeps the answer of a read from leaving', async () => {
    await without('audit_logs', async () => {
      const answer = await see(admin)
      assert.equal(assertProblem(answer, 503).code, 'unavailable')
      assert.doesNotMatch(answer.body, /"seen"/)
    })
    assert.equal((await see(admin)).statusCode, 200)
  })
})

describe('AU-04 what was recorded', () => {
  it('cannot be changed or removed by the role that serves requests', async () => {
    await see(admin)
    const client = new pg.Client({
      connectionString: appUrl(api.owner_url, databasePassword(parseMasterKeys(testMasterKey))),
    })
    await client.connect()
    try {
      const had = await api.rows(sql`select from audit_logs`)
      assert.ok(had.length > 0)
      const attacks = [
        'delete from audit_logs',
        "update audit_logs set outcome = 'success'",
        'truncate audit_logs',
        'drop table audit_logs',
        'alter table audit_logs disable row level security',
        'drop policy record on audit_logs',
        'alter table audit_logs owner to openward_app',
        'create rule hide as on insert to audit_logs do instead nothing',
        'set session authorization postgres',
        'set role postgres',
        'create table openward.mine (x int)',
        "copy audit_logs from program 'true'",
      ]
      for (const attack of attacks) {
        await assert.rejects(
          client.query(attack),
          /permission denied|must be owner|must be able to SET ROLE|no schema has been selected/,
          attack,
        )
      }
      // PostgreSQL answers this one with a warning.
      await client.query('grant delete, update, truncate on audit_logs to openward_app')
      const rights = sql<{
        has: boolean
      }>`select has_table_privilege('openward_app', 'audit_logs', 'delete, update, truncate') as has`
      assert.deepEqual(await api.rows(rights), [{ has: false }])
      assert.equal((await api.rows(sql`select from audit_logs`)).length, had.length)
    } finally {
      await client.end()
    }
  })

  it('has no address that changes or removes it', async () => {
    assert.deepEqual(
      api.app.routes
        .filter(({ operation: { path, method, audit } }) => {
          const isRead = method === 'GET' || (audit !== 'none' && 'reads' in audit)
          return path.includes('audit') && !isRead
        })
        .map(({ id }) => id),
      [],
    )
    const [entry] = await api.rows<{ id: string }>(sql`select id from audit_logs limit 1`)
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST'] as const) {
      for (const url of ['/api/v1/audit-logs', `/api/v1/audit-logs/${entry?.id}`]) {
        const answer = await api.app.http.inject({ method, url, headers: { authorization: `Bearer ${admin.token}` } })
        assertProblem(answer, 404, 405)
      }
    }
  })
})

describe('AU-07, AU-13 the log', () => {
  it('is one line of JSON an event, whatever a caller writes', async () => {
    const attacks = [
      '\x1b[2J\x1b[31mred',
      '"}\n{"level":"fatal"}'.replace('\n', ' '),
      '%0d%0aHTTP/1.1 200',
      'ünï',
      'x'.repeat(8000),
    ]
    for (const attack of attacks) {
      const answer = await see(admin, { 'user-agent': attack, 'x-correlation-id': attack, referer: attack })
      assert.equal(answer.statusCode, 200)
      assert.equal((await entriesOf(answer.headers['x-correlation-id']))[0]?.user_agent, attack.slice(0, 300))
    }
    await keep(admin, 'line\nend')
    await probe.send({
      method: 'GET',
      url: `/api/v1/probes?${encodeURIComponent(canary)}=%0a%0d${canary}`,
      headers: { authorization: `Bearer ${admin.token}` },
    })
    await probe.send({ method: 'GET', url: `/nothing/%0a${canary}` })
    assert.ok(probe.lines.length >= attacks.length + 3)
    for (const line of probe.lines) {
      assert.equal(line.indexOf('\n'), line.length - 1)
      assert.ok(!line.includes('\u001b') && !line.includes('\r'))
      const event = JSON.parse(line) as { time: string; level: string }
      assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    }
  })

  it('holds no token, no query, no body and no value of the database', async () => {
    await see(admin)
    await keep(admin, canary)
    await probe.send({
      method: 'GET',
      url: `/api/v1/probes?sort=${canary}`,
      headers: { authorization: `Bearer ${admin.token}` },
    })
    for (const kind of ['database', 'constraint'])
      await probe.send({ method: 'GET', url: `/api/v1/probe-faults/${kind}` })
    const all = probe.lines.join('')
    assert.ok(all.includes('/api/v1/probe-faults/:kind'), 'the route is told, not the address')
    for (const secret of [canary, admin.token, admin.token.split('.')[2] ?? '']) assert.ok(!all.includes(secret))
    const [row] = await api.rows<{ n: number }>(
      sql`select count(*)::int as n from audit_logs l where to_jsonb(l)::text like ${`%${canary}%`} or to_jsonb(l)::text like ${`%${admin.token}%`}`,
    )
    assert.equal(row?.n, 0)
  })
})
