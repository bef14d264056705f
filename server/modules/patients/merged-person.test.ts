// What becomes of a person whose records were merged: their account, their access log, and how they are found.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { likelyDuplicates, patientApi } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { nextPerson } from './people.testing.ts'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())

const person = () => addPerson(api, admin, doctor, {}, {})
const merge = async (patient_id: string, merged_patient_id: string) => {
  const body = { merged_patient_id, reason: 'Registered twice', force: true }
  return (await admin.call(mergeApi.merge, { params: { patient_id }, body })).merge_id ?? ''
}
const read = async (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })

describe('the account of a merged record', () => {
  it('opens the survivor at once as its own, and its own record again when the merge is undone', async () => {
    const [one, other] = [await person(), await person()]
    const own = await api.person('patient', { patient_id: other })
    const unmasked = /^\d{3}-\d{2}-\d{4}$/
    assert.match((await read(own, other)).ssn ?? '', unmasked)
    const merge_id = await merge(one, other)
    assert.match((await read(own, one)).ssn ?? '', unmasked)
    await admin.call(mergeApi.unmerge, { params: { patient_id: one }, body: { merge_id, reason: 'Two sisters' } })
    assert.match((await read(own, other)).ssn ?? '', unmasked)
  })
})

describe('the access log of a merged record', () => {
  it('is shown with that of the record that it is part of, over several merges, until they are undone', async () => {
    const [one, other, third] = [await person(), await person(), await person()]
    const own = await api.person('patient', { patient_id: third })
    for (const patient_id of [one, other, third]) await read(admin, patient_id)
    const first_merge = await merge(other, one)
    await merge(third, other)
    const seen = async () => {
      const [log, { items, total }] = [
        await own.call(emergencyAccessApi.access_log, { params: { patient_id: third }, query: { limit: '100' } }),
        await own.call(auditLogApi.list, { query: { limit: '100', user_id: admin.user_id } }),
      ]
      assert.equal(log.total, log.items.length)
      assert.equal(total, items.length)
      const reads = items.filter(({ action }) => action === 'patient.read')
      assert.equal(log.items.filter(({ action }) => action === 'patient.read').length, reads.length)
      return reads.map(({ patient_id }) => patient_id ?? '').toSorted()
    }
    assert.deepEqual(await seen(), [one, other, third].toSorted())
    const stranger = await api.person('patient', { patient_id: await person() })
    await assert.rejects(
      stranger.call(emergencyAccessApi.access_log, { params: { patient_id: one }, query: {} }),
      refusedWith(notFound),
    )
    assert.equal((await stranger.call(auditLogApi.list, { query: { patient_id: one } })).total, 0)

    const merges = await admin.call(mergeApi.merges, { params: { patient_id: third } })
    for (const [patient_id, merge_id] of [
      [third, merges.items[0]?.merge_id ?? ''],
      [other, first_merge],
    ] as const)
      await admin.call(mergeApi.unmerge, { params: { patient_id }, body: { merge_id, reason: 'Two sisters' } })
    assert.deepEqual(await seen(), [third])
  })
})

describe('a person with a merged record', () => {
  it('is found by the values of both, also in the list of a department', async () => {
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const earlier = nextPerson()
    const [one, other] = [
      await nurse.call(patientApi.register, { body: nextPerson() }),
      await nurse.call(patientApi.register, { body: earlier }),
    ]
    await merge(one.id, other.id)
    for (const search of [earlier.phone_primary, earlier.ssn]) {
      const { items } = await nurse.call(patientSearchApi.list, { query: { search } })
      assert.deepEqual(
        items.map(({ id }) => id),
        [one.id],
      )
    }
    const stranger = await api.person('nurse', { department_id: await api.department() })
    assert.equal((await stranger.call(patientSearchApi.list, { query: { search: earlier.phone_primary } })).total, 0)
  })

  it('is not registered once more under an earlier name', async () => {
    const { ssn: _, ...earlier } = nextPerson()
    const staff = await api.person('staff')
    const [one, other] = [await person(), (await staff.call(patientApi.register, { body: earlier })).id]
    await merge(one, other)
    await assert.rejects(staff.call(patientApi.register, { body: earlier }), (error) => {
      const likely = error instanceof Problem ? error.members['likely_duplicates'] : undefined
      return (
        refusedWith(likelyDuplicates)(error) &&
        Array.isArray(likely) &&
        likely.map((card: { id: string; score: number }) => `${card.id} ${card.score}`).join() === `${one} 1`
      )
    })
  })
})
