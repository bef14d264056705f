// What becomes of a person whose records were merged: their account, their access log, and how they are found.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { patientApi } from './patient.contract.ts'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { notFound } from '#platform/contract/problem.ts'
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
