import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { eraseAgain } from './erase-again.ts'
import { mergeApi } from './merge.contract.ts'
import { addContact, addPerson } from './merge.testing.ts'
import { patientApi, patientErased } from './patient.contract.ts'
import { sql } from '#platform/database/sql.ts'
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

const person = () => addPerson(api, admin, doctor, { contacts: 1, insurances: 1, appointments: 1 })
const merge = (patient_id: string, merged_patient_id: string) =>
  admin.call(mergeApi.merge, {
    params: { patient_id },
    body: { merged_patient_id, reason: 'Registered twice', force: true },
  })
const contacts = async (patient_id: string) =>
  (await admin.call(emergencyContactApi.list_contacts, { params: { patient_id }, query: {} })).items.map(
    ({ name }) => name,
  )
const isErased = async (patient_id: string) => {
  await assert.rejects(admin.call(patientApi.read, { params: { patient_id } }), refusedWith(patientErased))
  assert.deepEqual(
    await api.rows(sql`select id from patient_keys where patient_id = ${patient_id} and wrapped is not null`),
    [],
  )
}
const isWhole = async (patient_id: string) => {
  const { merged_into } = await admin.call(patientApi.read, { params: { patient_id } })
  assert.equal(merged_into, null)
  assert.deepEqual(await contacts(patient_id), ['Contact 0'])
}

describe('erasing again in a restored database', () => {
  it('erases the survivor of a merge and leaves whoever was taken out of it since', async () => {
    const [one, other] = [await person(), await person()]
    await merge(one, other)
    assert.deepEqual(await eraseAgain(api.system, [one]), { erased: 1, left: [] })
    await isErased(one)
    await isWhole(other)
  })

  it('erases whoever was taken out of a record since and leaves the record', async () => {
    const [first, second, third] = [await person(), await person(), await person()]
    await merge(second, third)
    await merge(first, second)
    assert.deepEqual(await eraseAgain(api.system, [third]), { erased: 1, left: [] })
    await isErased(third)
    for (const id of [first, second]) await isWhole(id)
  })

  it('erases all of a record that was erased as one', async () => {
    const [one, other] = [await person(), await person()]
    await merge(one, other)
    assert.deepEqual(await eraseAgain(api.system, [one, other]), { erased: 2, left: [] })
    for (const id of [one, other]) await isErased(id)
    assert.deepEqual(await eraseAgain(api.system, [one, other]), { erased: 0, left: [] })
  })

  it('leaves to a person what was written while both were one', async () => {
    for (const erased of ['survivor', 'merged'] as const) {
      const [one, other, alone] = [await person(), await person(), await person()]
      await merge(one, other)
      const written = await addContact(admin, one, 'Late')
      const id = erased === 'survivor' ? one : other
      assert.deepEqual(await eraseAgain(api.system, [alone, id]), { erased: 1, left: [id] })
      await isErased(alone)
      await isWhole(other)
      assert.deepEqual((await contacts(one)).toSorted(), ['Contact 0', 'Late'])
      const [merge_row] = await api.rows(sql<{ id: string }>`select id from patient_merges where survivor_id = ${one}`)
      const assign = { emergency_contacts: { [written]: 'merged' as const } }
      await admin.call(mergeApi.unmerge, {
        params: { patient_id: one },
        body: { merge_id: merge_row?.id ?? '', reason: 'Hers', assign },
      })
      assert.deepEqual((await contacts(other)).toSorted(), ['Contact 0', 'Late'])
    }
  })

  it('leaves both where the merge cannot be undone', async () => {
    const [one, other] = [await addPerson(api, admin, doctor, {}, { ssn: null }), await person()]
    const { ssn } = await admin.call(patientApi.read, { params: { patient_id: other } })
    await merge(one, other)
    await admin.call(patientApi.change, { params: { patient_id: one }, body: { ssn } })
    assert.deepEqual(await eraseAgain(api.system, [other]), { erased: 0, left: [other] })
    const { merged_into } = await admin.call(patientApi.read, { params: { patient_id: other } })
    assert.equal(merged_into, one)
  })
})
