// No record of a patient is shown or changed without its entry, and the log holds nothing of the person (security A5).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { call } from '../authorization/call.ts'
import type { Asked } from '../authorization/row.ts'
import { startWorld, type Subject, type World } from '../authorization/world.ts'
import { assertProblem } from './problem.ts'

const canary = 'Kanarienvogel'
let world: World
let subject: Subject
before(async () => {
  world = await startWorld()
  subject = await world.subject()
})
after(() => world[Symbol.asyncDispose]())

async function ask(name: string, asked: Asked = {}) {
  const route = world.routes.get(name)
  assert.ok(route, name)
  // Whoever takes a copy of the own record need not say for whom.
  const who = name.endsWith('/export') ? 'own' : 'admin'
  return call(world, route, subject, await world.personOf(who, subject), asked)
}

const reads = [
  'GET /api/v1/patients',
  'GET /api/v1/patients/{patient_id}',
  'GET /api/v1/patients/{patient_id}/emergency-contacts',
  'GET /api/v1/patients/{patient_id}/insurances',
  'GET /api/v1/patients/{patient_id}/appointments',
  'GET /api/v1/patients/{patient_id}/export',
  'GET /api/v1/appointments/{appointment_id}',
  'GET /api/v1/audit-logs',
]
const writes: Record<string, Asked> = {
  'POST /api/v1/patients': {
    body: {
      first_name: canary,
      last_name: canary,
      date_of_birth: '1984-02-29',
      gender: 'FEMALE',
      phone_primary: '+14155550177',
    },
  },
  'PATCH /api/v1/patients/{patient_id}': { body: { last_name: canary } },
  'DELETE /api/v1/patients/{patient_id}': { query: { cancel_appointments: 'true' } },
  'POST /api/v1/patients/{patient_id}/emergency-contacts': {
    body: { name: canary, relationship: 'sister', phone: '+14155550178' },
  },
  'DELETE /api/v1/patients/{patient_id}/insurances/{insurance_id}': {},
  'DELETE /api/v1/appointments/{appointment_id}': {},
  'POST /api/v1/auth/logout': {},
}

describe('AU-02, AU-03 while no entry can be written', () => {
  it('no read shows anything, and no write changes anything', async () => {
    for (const name of reads) assert.equal((await ask(name)).status, 200, name)
    const had = await world.fingerprint()
    await world.api.rows(sql`revoke insert on audit_logs from openward_app`)
    try {
      for (const [name, asked] of [...reads.map((read) => [read, {}] as const), ...Object.entries(writes)]) {
        const { status, headers, text } = await ask(name, asked)
        const problem = assertProblem({ statusCode: status, headers, body: text }, 503)
        assert.equal(problem.code, 'unavailable', name)
        assert.doesNotMatch(text, new RegExp(`${canary}|PT-\\d|"items"`), name)
      }
    } finally {
      await world.api.rows(sql`grant insert on audit_logs to openward_app`)
    }
    assert.deepEqual(await world.fingerprint(), had)
    for (const name of reads) assert.equal((await ask(name)).status, 200, name)
  })

  it('no write changes anything while its event cannot be written', async () => {
    const had = await world.fingerprint()
    await world.api.rows(sql`revoke insert on events from openward_app`)
    try {
      for (const name of ['PATCH /api/v1/patients/{patient_id}', 'DELETE /api/v1/appointments/{appointment_id}']) {
        const { status, text } = await ask(name, writes[name])
        assert.equal(status, 503, `${name}: ${text}`)
      }
    } finally {
      await world.api.rows(sql`grant insert on events to openward_app`)
    }
    assert.deepEqual(await world.fingerprint(), had)
  })
})

describe('AU-07 the audit log', () => {
  it('holds no name, phone, e-mail, identifier or token of anyone who was written, searched or refused', async () => {
    const person = {
      first_name: canary,
      last_name: `${canary}ova`,
      date_of_birth: '1971-03-04',
      gender: 'OTHER',
      phone_primary: '+14155550166',
      email: `${canary}@example.test`,
      ssn: '219-09-9998',
    }
    assert.equal((await ask('POST /api/v1/patients', { body: person })).status, 201)
    await ask('PATCH /api/v1/patients/{patient_id}', { body: { last_name: canary, phone_primary: '+14155550167' } })
    await ask('GET /api/v1/patients/search', { query: { q: canary } })
    await ask('POST /api/v1/patients/search', { body: { q: canary, ssn: '219-09-9998' } })
    await ask('POST /api/v1/patients', { body: { ...person, gender: canary } })
    await ask('POST /api/v1/auth/login', {
      body: { username: `${canary}@example.test`, password: `${canary} password` },
    })
    const [row] = await world.api.rows<{ entries: number; text: string }>(
      sql`select count(*)::int as entries, coalesce(string_agg(to_jsonb(l)::text, ' '), '') as text from audit_logs l`,
    )
    assert.ok((row?.entries ?? 0) > 10)
    const text = row?.text ?? ''
    for (const secret of [
      canary,
      canary.toLowerCase(),
      '4155550166',
      '4155550167',
      '219-09-9998',
      '219099998',
      '1971-03-04',
      Buffer.from(canary).toString('base64').slice(0, 16),
      Buffer.from(canary).toString('hex'),
    ]) {
      assert.ok(!text.includes(secret), `the audit log holds ${secret}`)
    }
    const { token } = world.maker
    assert.ok(!text.includes(token) && !text.includes(token.split('.')[2] ?? token))
  })
})
