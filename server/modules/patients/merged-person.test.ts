// What becomes of a person whose records were merged: their account, their access log, and how they are found.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { patientApi } from './patient.contract.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

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
