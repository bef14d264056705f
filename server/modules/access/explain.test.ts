import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, notFound } from '#platform/contract/problem.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { sql } from '#platform/database/sql.ts'
import { explainApi } from './explain.contract.ts'

describe('explaining access', () => {
  let api: TestApi
  let patient_id: string
  before(async () => {
    api = await startTestApi()
    patient_id = await api.patient()
  })
  after(() => api[Symbol.asyncDispose]())

  it('names the rule that lets a nurse in, and the one that keeps her out', async () => {
    const admin = await api.person('admin')
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const query = { user_id: nurse.user_id, patient_id }
    const before = await admin.call(explainApi.explain, { query })
    assert.equal(before.is_allowed, false)
    await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                       values (${patient_id}, ${nurse.department_id}, 'registration', ${patient_id})`)
    const now = await admin.call(explainApi.explain, { query })
    assert.equal(now.is_allowed, true)
    assert.deepEqual(
      now.rules.filter(({ applies }) => applies).map(({ rule }) => rule),
      ['department'],
    )
    const reasons = ({ rules }: typeof now) => Object.fromEntries(rules.map(({ rule, reason }) => [rule, reason]))
    assert.deepEqual(reasons(before), {
      everyone: 'not_granted',
      own_record: 'not_granted',
      treating_doctor: 'not_granted',
      department: 'not_in_department',
      emergency_access: 'emergency_none',
    })
    assert.equal(reasons(now)['department'], 'in_department')
  })

  it('says that a withdrawn right is stronger than the role', async () => {
    const admin = await api.person('admin')
    const staff = await api.person('staff')
    const query = { user_id: staff.user_id, patient_id }
    assert.equal((await admin.call(explainApi.explain, { query })).is_allowed, true)
    await api.rows(sql`insert into permission_denials (user_id, permission) values (${staff.user_id}, 'patients:read')`)
    assert.equal((await admin.call(explainApi.explain, { query })).is_allowed, false)
  })

  it('does not count on emergency access where its right was withdrawn', async () => {
    const admin = await api.person('admin')
    const nurse = await api.person('nurse')
    await api.rows(sql`insert into emergency_accesses (patient_id, user_id, key_id, sealed_reason, expires_at)
                       values (${patient_id}, ${nurse.user_id}, ${patient_id}, '', now() + interval '1 hour')`)
    const query = { user_id: nurse.user_id, patient_id }
    assert.equal((await admin.call(explainApi.explain, { query })).is_allowed, true)
    await api.rows(
      sql`insert into permission_denials (user_id, permission) values (${nurse.user_id}, 'emergency-access:use')`,
    )
    assert.equal((await admin.call(explainApi.explain, { query })).is_allowed, false)
  })

  it('knows only who exists, and answers administrators alone', async () => {
    const admin = await api.person('admin')
    const nurse = await api.person('nurse')
    const query = { user_id: nurse.user_id, patient_id: nurse.user_id }
    await assert.rejects(admin.call(explainApi.explain, { query }), refusedWith(notFound))
    await assert.rejects(nurse.call(explainApi.explain, { query }), refusedWith(forbidden))
  })
})
