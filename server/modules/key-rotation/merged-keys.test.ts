// Keys of merged records, rotated while the records are one: each goes back to its own patient when the merges are undone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { insuranceTokenSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { exportApi } from '../patients/export.contract.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { rotatePatientKeys } from './patient-keys.ts'
import { openRotation, wholePatient } from './rotation.testing.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const merge = async (patient_id: string, merged_patient_id: string) => {
  const body = { merged_patient_id, reason: 'Registered twice', force: true }
  return (await admin.call(mergeApi.merge, { params: { patient_id }, body })).merge_id ?? ''
}
const unmerge = (patient_id: string, merge_id: string) =>
  admin.call(mergeApi.unmerge, { params: { patient_id }, body: { merge_id, reason: 'Three sisters' } })
/** Of every row that is sealed for a patient, whose key it is sealed with. */
const foreignKeys = () =>
  api.rows(sql`
    select t.patient_id from (
        select id as patient_id, key_id from patients union all select patient_id, key_id from emergency_contacts
        union all select patient_id, key_id from insurances union all select patient_id, key_id from emergency_accesses) as t
      join patient_keys k on k.id = t.key_id where k.patient_id <> t.patient_id`)

describe('a key that is rotated while records are merged', () => {
  it('goes back through all merges by which it came', async () => {
    const people = [await wholePatient(api, admin), await wholePatient(api, admin), await wholePatient(api, admin)]
    const [one = '', other = '', third = ''] = people.map(({ patient_id }) => patient_id)
    await api.rows(sql`update appointments set status = 'cancelled'`)
    const first = await merge(other, one)
    const second = await merge(third, other)
    await using rotation = await openRotation(api)
    assert.deepEqual(await rotatePatientKeys(rotation), { unfinished: [] })
    await unmerge(third, second)
    await unmerge(other, first)
    assert.deepEqual(await foreignKeys(), [])
    for (const id of [one, other, third]) {
      const body = { recipient: { name: 'The patient' }, purpose: 'Asked for it' }
      const { url } = await admin.call(exportApi.make_link, { params: { patient_id: id }, body })
      assert.equal((await admin.send({ method: 'GET', url, headers: {} })).status, 200)
    }
  })
})

describe('tokens of insurances that are made anew', () => {
  it('hold no insurance while they wait for whoever merges its patient', { timeout: 30_000 }, async () => {
    const { patient_id } = await wholePatient(api, admin)
    const [insurance] = await api.rows(sql<{ id: string }>`select id from insurances where patient_id = ${patient_id}`)
    const id = insurance?.id ?? ''
    await using rotation = await openRotation(api)
    const merging = new pg.Client({ connectionString: api.owner_url })
    await merging.connect()
    try {
      await merging.query('begin')
      await merging.query('select from patients where id = $1 for update', [patient_id])
      const made = rotation.database.transaction((tx) => insuranceTokenSource.backfill(tx, rotation.keys, [id]))
      await api.untilWaiting()
      await merging.query('select from insurances where id = $1 for update nowait', [id])
      await merging.query('commit')
      assert.deepEqual(await made, [])
    } finally {
      await merging.end()
    }
  })
})
