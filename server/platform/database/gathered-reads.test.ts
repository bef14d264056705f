import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notFound, sessionEnded } from '#platform/contract/problem.ts'
import { patientApi } from '../../modules/patients/patient.contract.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { sql } from './sql.ts'

describe('reads that arrive together', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  async function nurseOf(patient_id: string) {
    const department_id = await api.department()
    await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                       values (${patient_id}, ${department_id}, 'registration', ${patient_id})`)
    return api.person('nurse', { department_id })
  }

  it('each see what their own scope reaches and nothing of another', async () => {
    const [one, other] = [await api.patient({ last_name: 'One' }), await api.patient({ last_name: 'Other' })]
    const [nurse, stranger, staff] = [await nurseOf(one), await nurseOf(other), await api.person('staff')]
    const params = (patient_id: string) => ({ params: { patient_id } })
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.allSettled([
        nurse.call(patientApi.read, params(one)),
        stranger.call(patientApi.read, params(one)),
        staff.call(patientApi.read, params(other)),
        nurse.call(patientApi.read, params(other)),
        stranger.call(patientApi.read, params(other)),
      ])
      const seen = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.last_name : answer.reason))
      assert.deepEqual([seen[0], seen[2], seen[4]], ['One', 'Other', 'Other'])
      assert.ok(refusedWith(notFound)(seen[1]) && refusedWith(notFound)(seen[3]))
    }
  })

  it('refuse a session that has ended, and it alone', async () => {
    const patient_id = await api.patient({ last_name: 'Together' })
    const [ended, live] = [await api.person('staff'), await api.person('staff')]
    const read = (person: typeof live) => person.call(patientApi.read, { params: { patient_id } })
    await Promise.all([read(ended), read(live)])
    await api.rows(sql`update sessions set revoked_at = now() where id = ${ended.session_id}`)
    const [first, ...others] = await Promise.allSettled([read(ended), read(live), read(live), read(live)])
    assert.ok(first?.status === 'rejected' && refusedWith(sessionEnded)(first.reason))
    assert.ok(others.every(({ status }) => status === 'fulfilled'))
  })

  it('know changed rights at once', async () => {
    const patient_id = await api.patient()
    const [demoted, live] = [await api.person('staff'), await api.person('staff')]
    const read = (person: typeof live) => person.call(patientApi.read, { params: { patient_id } })
    await Promise.all([read(demoted), read(live)])
    await api.rows(
      sql`update users set role = 'nurse', authority_version = authority_version + 1 where id = ${demoted.user_id}`,
    )
    const [first, second] = await Promise.allSettled([read(demoted), read(live)])
    assert.ok(first?.status === 'rejected' && refusedWith(notFound)(first.reason))
    assert.equal(second?.status, 'fulfilled')
  })

  it('of a wrong statement fail alone', async () => {
    const scope = { key: 'test', enter: () => sql`select openward.enter_as('all')` }
    const right = api.system.reads.read(scope, sql`select 1 as n`, async () => [{ n: 'alone' }])
    const wrong = api.system.reads.read(scope, sql`select 1 / ${0}::int`, async () => {
      throw new RangeError('alone')
    })
    const [first, second] = await Promise.allSettled([right, wrong])
    assert.deepEqual(first, { status: 'fulfilled', value: [{ n: 'alone' }] })
    assert.ok(second?.status === 'rejected' && second.reason instanceof RangeError)
  })
})
