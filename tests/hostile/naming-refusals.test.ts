// A refusal that names what a patient has shows it, and is recorded as any reading is (security AU-01).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { nextPerson } from '../../server/modules/patients/people.testing.ts'
import { makeResource } from '../../server/modules/resources/ward.testing.ts'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
let department_id: string
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  department_id = await api.department()
  doctor = await api.person('doctor', { doctor: true, department_id })
})
after(() => api[Symbol.asyncDispose]())

async function ask(method: 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, by: Person = admin) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const {
    status,
    text,
    headers: sent,
  } = await by.send({
    method,
    url: `/api/v1${url}`,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const told = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return { status, text, told, correlation_id: String(sent['x-correlation-id']) }
}
const register = async () => {
  const { told, text } = await ask('POST', '/patients', nextPerson())
  const { id } = told
  assert.ok(typeof id === 'string', text)
  return id
}
async function booked(patient_id: string, hours: number): Promise<string> {
  const [row] = await api.rows<{ id: string }>(sql`
    insert into appointments (confirmation_code, patient_id, doctor_id, during)
    values (${`${patient_id} ${hours}`}, ${patient_id}, ${doctor.doctor_id},
            tstzrange(now() + ${hours} * interval '1 hour', now() + ${hours + 0.5} * interval '1 hour')) returning id`)
  return row?.id ?? ''
}

type Asked = Awaited<ReturnType<typeof ask>>
/** The refusal is this one, and left an entry for each of these patients and no other. */
async function assertRecorded(asked: Asked, code: string, action: string, patient_ids: string[]) {
  assert.equal(asked.told['code'], code, asked.text)
  const entries = await api.rows(sql`
    select action, outcome, patient_id, details from audit_logs where correlation_id = ${asked.correlation_id} order by patient_id`)
  assert.deepEqual(
    entries,
    patient_ids.toSorted().map((patient_id) => ({ action, outcome: 'denied', patient_id, details: { code } })),
  )
}

describe('AU-01 a refusal is recorded that names', () => {
  it('what stands against a merge, of both records', async () => {
    const [one, other] = [await register(), await register()]
    const body = { merged_patient_id: other, reason: 'Same person' }
    const refused = await ask('POST', `/patients/${one}/merge`, body)
    assert.match(refused.text, /different_ssn/)
    await assertRecorded(refused, 'merge_conflicts', 'patient.merge', [one, other])
  })

  it('the appointments of who is to be deleted', async () => {
    const patient_id = await register()
    const id = await booked(patient_id, 24)
    const refused = await ask('DELETE', `/patients/${patient_id}`)
    assert.ok(refused.text.includes(id))
    await assertRecorded(refused, 'patient_expected', 'patient.delete', [patient_id])
  })

  it('the record that a merged one is part of', async () => {
    const [one, other] = [await register(), await register()]
    await ask('POST', `/patients/${one}/merge`, { merged_patient_id: other, reason: 'Same person', force: true })
    const contact = { name: 'Eva Ruiz', relationship: 'sister', phone: '+14155550178' }
    const refused = await ask('POST', `/patients/${other}/emergency-contacts`, contact)
    assert.equal(refused.told['merged_into'], one)
    await assertRecorded(refused, 'patient_merged', 'emergency_contact.create', [other])
    const again = await ask('POST', `/patients/${one}/merge`, { merged_patient_id: other, reason: 'Same person' })
    await assertRecorded(again, 'already_merged', 'patient.merge', [other])
  })

  it('the bed that a patient has', async () => {
    const patient_id = await register()
    const [bed, other] = [await makeResource(admin), await makeResource(admin)]
    assert.equal((await ask('POST', `/resources/${bed.id}/assign`, { patient_id })).status, 201)
    const refused = await ask('POST', `/resources/${other.id}/assign`, { patient_id })
    assert.equal(refused.told['resource_id'], bed.id)
    await assertRecorded(refused, 'patient_has_bed', 'resource.assign', [patient_id])
  })

  it('the stays of those who share a bed', async () => {
    const [one, other] = [await register(), await register()]
    const bed = await makeResource(admin, { lanes: 2 })
    for (const patient_id of [one, other])
      assert.equal((await ask('POST', `/resources/${bed.id}/assign`, { patient_id })).status, 201)
    const refused = await ask('DELETE', `/resources/${bed.id}/assign`)
    await assertRecorded(refused, 'assignment_unclear', 'resource.release', [one, other])
  })

  it('the visit that is open, and what it still waits for', async () => {
    const patient_id = await register()
    const first = await ask('POST', '/visits', { patient_id, department_id })
    assert.equal(first.status, 201, first.text)
    const refused = await ask('POST', '/visits', { patient_id, department_id })
    assert.equal(refused.told['visit_id'], first.told['id'])
    await assertRecorded(refused, 'visit_open', 'visit.open', [patient_id])
  })

  it('the day until which a record is kept', async () => {
    const patient_id = await register()
    const refused = await ask('POST', `/patients/${patient_id}/erase`, { reason: 'Asked for' })
    await assertRecorded(refused, 'retention_not_over', 'patient.erase', [patient_id])
  })

  it('and not one that names nothing of a patient', async () => {
    const [one, other] = [await register(), await register()]
    const bed = await makeResource(admin)
    assert.equal((await ask('POST', `/resources/${bed.id}/assign`, { patient_id: one })).status, 201)
    await assertRecorded(
      await ask('POST', `/resources/${bed.id}/assign`, { patient_id: other }),
      'resource_unavailable',
      '',
      [],
    )
  })
})
