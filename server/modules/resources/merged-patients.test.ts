import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { mergeApi, mergeConflicts } from '../patients/merge.contract.ts'
import { assignmentApi, patientHasBed } from './assignment.contract.ts'
import { reservationApi } from './reservation.contract.ts'
import { makeResource } from './ward.testing.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const of = ({ id }: { id: string }) => ({ params: { resource_id: id } })
const assign = (resource: { id: string }, patient_id: string, notes = 'By the door') =>
  admin.call(assignmentApi.assign, { ...of(resource), body: { patient_id, notes } })
const merge = (survivor: string, merged_patient_id: string, force = true) =>
  admin.call(mergeApi.merge, {
    params: { patient_id: survivor },
    body: { merged_patient_id, reason: 'Same person', force },
  })
const unmerge = (
  survivor: string,
  merge_id: string,
  assigned: Record<string, Record<string, 'merged' | 'survivor'>> = {},
) =>
  admin.call(mergeApi.unmerge, {
    params: { patient_id: survivor },
    body: { merge_id, reason: 'Two people', assign: assigned },
  })
const listOf = async (patient_id: string) =>
  (await admin.call(assignmentApi.ofPatient, { params: { patient_id }, query: {} })).items

describe('the bed of a merged patient', () => {
  it('goes with them to the other record and back, with what was noted and reserved', async () => {
    const [bed, room] = [await makeResource(admin), await makeResource(admin, { type: 'operating_room' })]
    const [survivor, merged] = [await api.patient(), await api.patient()]
    const { id } = await assign(bed, merged)
    const from = Temporal.Now.instant().add({ hours: 24 }).round('hour')
    const time = { starts_at: from.toString(), ends_at: from.add({ hours: 1 }).toString() }
    await admin.call(reservationApi.create, { ...of(room), body: { ...time, patient_id: merged, purpose: 'Hernia' } })
    const reservedFor = async () => {
      const { items } = await admin.call(reservationApi.list, { ...of(room), query: {} })
      return items.map(({ patient_id, purpose }) => [patient_id, purpose])
    }
    const { merge_id } = await merge(survivor, merged)
    assert.deepEqual(
      (await listOf(survivor)).map((stay) => [stay.id, stay.notes]),
      [[id, 'By the door']],
    )
    assert.deepEqual(await reservedFor(), [[survivor, 'Hernia']])
    await unmerge(survivor, merge_id ?? '')
    assert.deepEqual(await listOf(survivor), [])
    assert.deepEqual(
      (await listOf(merged)).map((stay) => [stay.id, stay.notes]),
      [[id, 'By the door']],
    )
    assert.deepEqual(await reservedFor(), [[merged, 'Hernia']])
  })

  it('stands against a merge where both have one, force or not', async () => {
    const [one, other] = [await makeResource(admin), await makeResource(admin)]
    const [survivor, merged] = [await api.patient(), await api.patient()]
    const [first, second] = [await assign(one, survivor), await assign(other, merged)]
    await assert.rejects(merge(survivor, merged), refusedWith(mergeConflicts))
    const { conflicts } = await admin.call(mergeApi.merge, {
      params: { patient_id: survivor },
      body: { merged_patient_id: merged, reason: 'Same person', dry_run: true },
    })
    const found = conflicts.find(({ code }) => code === 'two_beds')
    assert.deepEqual([found?.stands, found?.ids.toSorted()], ['always', [first.id, second.id].toSorted()])
    await admin.call(assignmentApi.release, { ...of(other), query: {} })
    await merge(survivor, merged)
    await assert.rejects(assign(await makeResource(admin), survivor), refusedWith(patientHasBed))
  })

  it('is not assigned to a record that has one by now when the merge is undone', async () => {
    const [one, other] = [await makeResource(admin), await makeResource(admin)]
    const [survivor, merged] = [await api.patient(), await api.patient()]
    const { merge_id } = await merge(survivor, merged)
    const { id } = await assign(one, survivor)
    const { undecided } = await unmerge(survivor, merge_id ?? '')
    assert.deepEqual(undecided, [{ table: 'resource_assignments', id }])
    await assign(other, merged)
    const decide = () => unmerge(survivor, merge_id ?? '', { resource_assignments: { [id]: 'merged' } })
    await assert.rejects(decide(), refusedWith(mergeConflicts))
    await admin.call(assignmentApi.release, { ...of(other), query: {} })
    await decide()
    assert.ok((await listOf(merged)).some((stay) => stay.id === id))
  })

  it('is moved while the records are merged without anybody being thrown out', async () => {
    const beds = await Promise.all(Array.from({ length: 12 }, () => makeResource(admin)))
    const pairs = await Promise.all(
      beds.slice(0, 6).map(async (bed, at) => {
        const [survivor, merged] = [await api.patient(), await api.patient()]
        await assign(bed, merged)
        return { bed, to: beds[at + 6], survivor, merged }
      }),
    )
    await Promise.all(
      pairs.flatMap(({ bed, to, survivor, merged }) => [
        merge(survivor, merged),
        admin.call(assignmentApi.transfer, { ...of(bed), body: { to_resource_id: to?.id ?? '', notes: 'Quieter' } }),
      ]),
    )
    const open = await api.rows<{ patient_id: string }>(
      sql`select patient_id from resource_assignments where resource_id = any(${beds.map(({ id }) => id)}) and released_at is null`,
    )
    assert.deepEqual(
      open.map(({ patient_id }) => patient_id).toSorted(),
      pairs.map(({ survivor }) => survivor).toSorted(),
    )
    for (const { survivor } of pairs)
      assert.deepEqual(
        (await listOf(survivor)).map(({ notes }) => notes),
        ['Quieter', 'By the door'],
      )
  })
})
