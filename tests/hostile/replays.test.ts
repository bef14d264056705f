// A stored answer holds what a patient told: it is shown again to who may still see it, and each time is recorded (security AU-01).
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { allergyApi } from '../../server/modules/chart/allergy.contract.ts'
import { userApi } from '../../server/modules/identity/user.contract.ts'
import { emergencyAccessApi } from '../../server/modules/patients/emergency-access.contract.ts'
import { nextPerson } from '../../server/modules/patients/people.testing.ts'
import { assignmentApi } from '../../server/modules/resources/assignment.contract.ts'
import { makeResource } from '../../server/modules/resources/ward.testing.ts'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'

let api: TestApi
let admin: Person
let departments: [string, string]
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  departments = [await api.department(), await api.department()]
})
after(() => api[Symbol.asyncDispose]())

const nurseHere = () => api.person('nurse', { department_id: departments[0] })
const move = ({ user_id }: Person, department_id: string) =>
  admin.call(userApi.update, { params: { user_id }, body: { department_id } })

/** A request that is sent again and again. */
function repeated(person: Person, url: string, body: unknown) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  return async () => {
    const {
      status,
      text,
      headers: sent,
    } = await person.send({
      method: 'POST',
      url,
      headers,
      body: JSON.stringify(body),
    })
    const { id } = (text === '' ? {} : JSON.parse(text)) as { id?: string }
    return {
      status,
      text,
      all: `${text} ${JSON.stringify(sent)}`,
      id: id ?? '',
      replayed: sent['idempotency-replayed'],
      correlation_id: String(sent['x-correlation-id']),
    }
  }
}

type Entry = { action: string; outcome: string; purpose: string | null; details: Record<string, unknown> }
const entriesOf = ({ correlation_id }: { correlation_id: string }, patient_id: string) =>
  api.rows<Entry>(sql`
    select action, outcome, purpose, details from audit_logs
     where correlation_id = ${correlation_id} and patient_id = ${patient_id}`)

describe('AU-01 an answer that is shown again', () => {
  it('leaves an entry of its own each time, and is the first answer', async () => {
    const register = repeated(await nurseHere(), '/api/v1/patients', nextPerson())
    const first = await register()
    assert.equal(first.status, 201, first.text)
    for (let times = 0; times < 2; times += 1) {
      const again = await register()
      assert.deepEqual([again.status, again.text, again.replayed], [201, first.text, 'true'])
      assert.deepEqual(await entriesOf(again, first.id), [
        { action: 'patient.register', outcome: 'success', purpose: null, details: { replayed: true } },
      ])
    }
    const [entries] = await api.rows(
      sql`select count(*)::int as times from audit_logs where patient_id = ${first.id} and resource_id = ${first.id}`,
    )
    assert.deepEqual(entries, { times: 3 })
  })

  it('does not leave where that cannot be recorded', async () => {
    const register = repeated(await nurseHere(), '/api/v1/patients', nextPerson())
    const first = await register()
    await api.rows(sql`revoke insert on audit_logs from openward_app`)
    const again = await register()
    await api.rows(sql`grant insert on audit_logs to openward_app`)
    assert.equal(again.status, 503)
    assert.ok(!again.all.includes(first.id))
    assert.equal((await register()).text, first.text)
  })

  it('is refused once the department has changed, recorded as a refusal, and nothing is done anew', async () => {
    const nurse = await nurseHere()
    const person = nextPerson()
    const register = repeated(nurse, '/api/v1/patients', person)
    const first = await register()
    await move(nurse, departments[1])
    const refused = await register()
    assert.equal(refused.status, 403)
    assert.ok(!refused.text.includes(person.ssn) && !refused.text.includes(person.last_name))
    assert.deepEqual(await entriesOf(refused, first.id), [
      { action: 'patient.register', outcome: 'denied', purpose: null, details: { code: 'forbidden' } },
    ])
    await move(nurse, departments[0])
    assert.equal((await register()).text, first.text)
    const [made] = await api.rows(sql`select count(*)::int as times from patients where created_by = ${nurse.user_id}`)
    assert.deepEqual(made, { times: 1 })
  })

  it('is refused, as its operation would be, once emergency access has ended, and is marked by it before', async () => {
    const nurse = await nurseHere()
    const patient_id = await api.patient()
    const params = { patient_id }
    await nurse.call(emergencyAccessApi.open_emergency_access, { params, body: { reason: 'Unconscious' } })
    const add = repeated(nurse, allergyApi.add_allergy.path.replace('{patient_id}', patient_id), { substance: 'Latex' })
    const first = await add()
    assert.equal(first.status, 201, first.text)
    const again = await add()
    assert.equal(again.text, first.text)
    assert.deepEqual(await entriesOf(again, patient_id), [
      { action: 'allergy.add', outcome: 'success', purpose: 'BTG', details: { replayed: true } },
    ])
    await api.rows(sql`update emergency_accesses set expires_at = now() where user_id = ${nurse.user_id}`)
    const refused = await add()
    assert.equal(refused.status, 404)
    assert.ok(!refused.text.includes('Latex'))
    assert.equal((await entriesOf(refused, patient_id))[0]?.outcome, 'denied')
  })

  it('is refused once the person was erased', async () => {
    const register = repeated(await nurseHere(), '/api/v1/patients', nextPerson())
    const first = await register()
    await api.rows(sql`update patients set erased_at = now() where id = ${first.id}`)
    assert.equal((await register()).status, 403)
  })

  it('that was given beyond what its reader may read is shown again as long as their rights stay', async () => {
    const nurse = await nurseHere()
    const patient_id = await api.patient()
    const bed = await makeResource(admin)
    const assign = repeated(nurse, assignmentApi.assign.path.replace('{resource_id}', bed.id), { patient_id })
    const first = await assign()
    assert.equal(first.status, 201, first.text)
    assert.equal((await assign()).text, first.text)
    await move(nurse, departments[1])
    assert.equal((await assign()).status, 404)
  })

  it('of what is no patient’s is recorded too', async () => {
    const make = repeated(admin, '/api/v1/departments', {
      name: randomUUID(),
      code: randomUUID().slice(0, 8).toUpperCase(),
    })
    const first = await make()
    assert.equal(first.status, 201, first.text)
    const again = await make()
    assert.equal(again.text, first.text)
    const entries = await api.rows(
      sql`select action, resource_id, details from audit_logs where correlation_id = ${again.correlation_id}`,
    )
    assert.deepEqual(entries, [{ action: 'department.create', resource_id: first.id, details: { replayed: true } }])
  })
})
