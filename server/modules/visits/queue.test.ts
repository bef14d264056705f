// The board: who waits, in which order, and that nobody is taken twice.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { mergeApi, mergeConflicts } from '../patients/merge.contract.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { become, openVisit, startClinic } from './clinic.testing.ts'
import { queueEmpty, Waiting, visitApi } from './visit.contract.ts'

let api: TestApi
before(async () => {
  api = await startTestApi()
})
after(() => api[Symbol.asyncDispose]())

const board = async (who: { call: TestApi['call'] }, department_id: string, status?: 'open') =>
  (await who.call(visitApi.queue, { query: { department_id, status } })).items

describe('the board', () => {
  it('shows who waits by priority, early-warning score and time, with name and minutes', async () => {
    const { department_id, nurse, doctor } = await startClinic(api)
    const opened: Record<string, string> = {}
    for (const [name, priority, news2_score, minutes] of [
      ['Late', 3, null, 5],
      ['Early', 3, null, 90],
      ['Sick', 3, 5, 1],
      ['First', 1, null, 0],
    ] as const) {
      const visit = await openVisit(nurse, await api.patient({ first_name: name }), { priority })
      opened[name] = visit.id
      await api.rows(sql`
        update visits set news2_score = ${news2_score}, opened_at = now() - make_interval(mins => ${minutes}) where id = ${visit.id}`)
    }
    const begun = await openVisit(nurse, await api.patient())
    await become(doctor, begun, 'triaged', 'in_progress')
    const waiting = await board(nurse, department_id)
    assert.deepEqual(Object.keys(waiting[0] ?? {}).toSorted(), Object.keys(Waiting.shape).toSorted())
    assert.deepEqual(
      waiting.map(({ id, first_name, waiting_minutes }) => [id, first_name, waiting_minutes]),
      [
        [opened['First'], 'First', 0],
        [opened['Sick'], 'Sick', 1],
        [opened['Early'], 'Early', 90],
        [opened['Late'], 'Late', 5],
      ],
    )
    const here = await board(nurse, department_id, 'open')
    assert.deepEqual(
      here.filter(({ id }) => !waiting.some((one) => one.id === id)).map(({ id, status }) => [id, status]),
      [[begun.id, 'in_progress']],
    )
    assert.equal(here.length, 5)
    const staff = await board(await api.person('staff'), department_id)
    assert.deepEqual(
      staff.map(({ news2_score, last_name }) => [news2_score, last_name]),
      Array.from({ length: 4 }, () => [null, 'Testperson']),
    )
    assert.deepEqual(await board((await startClinic(api)).nurse, department_id), [])
  })
})

describe('taking the next', () => {
  it('gives each of twenty who take at once another patient, and none to the one who comes after', async () => {
    const { department_id, nurse } = await startClinic(api)
    for (let n = 0; n < 20; n += 1) await openVisit(nurse, await api.patient())
    const body = { department_id }
    const takers = await Promise.all(Array.from({ length: 20 }, () => api.person('nurse', { department_id })))
    const taken = await Promise.all(takers.map((taker) => taker.call(visitApi.next, { body })))
    assert.equal(new Set(taken.map(({ id }) => id)).size, 20)
    assert.ok(taken.every(({ status, version }) => status === 'triaged' && version === 2))
    await assert.rejects(nurse.call(visitApi.next, { body }), refusedWith(queueEmpty))
    const steps = await api.rows<{ by: string }>(sql`
      select user_id as by from visit_history where to_status = 'triaged' and visit_id = any(${taken.map(({ id }) => id)})`)
    assert.deepEqual(steps.map(({ by }) => by).toSorted(), takers.map(({ user_id }) => user_id).toSorted())
  })

  it('begins the visit of who is triaged with the doctor who takes it, the most urgent first', async () => {
    const { department_id, nurse, doctor, doctor_id } = await startClinic(api)
    const [usual, urgent] = [
      await openVisit(nurse, await api.patient()),
      await openVisit(nurse, await api.patient(), { priority: 2 }),
    ]
    const body = { department_id }
    await assert.rejects(doctor.call(visitApi.next, { body }), refusedWith(queueEmpty))
    await become(nurse, usual, 'triaged')
    await become(nurse, urgent, 'triaged')
    const taken = await doctor.call(visitApi.next, { body })
    assert.deepEqual([taken.id, taken.status, taken.doctor_id], [urgent.id, 'in_progress', doctor_id])
  })

  it('takes nobody of another department', async () => {
    const [here, away] = [await startClinic(api), await startClinic(api)]
    await openVisit(here.nurse, await api.patient())
    const body = { department_id: here.department_id }
    await assert.rejects(away.nurse.call(visitApi.next, { body }), refusedWith(queueEmpty))
  })
})

describe('visits of one person with two records', () => {
  const merge = async (survivor: string, merged_patient_id: string) =>
    (await api.person('admin')).call(mergeApi.merge, {
      params: { patient_id: survivor },
      body: { merged_patient_id, reason: 'Same person', force: true },
    })

  it('become those of the one that stays, with their history and reach', async () => {
    const { nurse, department_id } = await startClinic(api)
    const [survivor, merged] = [await api.patient(), await api.patient()]
    const visit = await openVisit(nurse, merged, { chief_complaint: 'Cough' })
    await merge(survivor, merged)
    const { items } = await nurse.call(visitApi.listOfPatient, { params: { patient_id: survivor }, query: {} })
    assert.deepEqual(
      items.map(({ id, chief_complaint, version }) => [id, chief_complaint, version]),
      [[visit.id, 'Cough', 1]],
    )
    assert.equal((await board(nurse, department_id)).length, 1)
    const history = await nurse.call(visitApi.history, { params: { visit_id: visit.id } })
    assert.equal(history.items.length, 1)
  })

  it('stand against the merge where both are open in one department', async () => {
    const { nurse } = await startClinic(api)
    const [survivor, merged] = [await api.patient(), await api.patient()]
    await openVisit(nurse, survivor)
    const second = await openVisit(nurse, merged)
    await assert.rejects(merge(survivor, merged), refusedWith(mergeConflicts))
    await become(nurse, second, 'left_without_being_seen')
    assert.ok((await merge(survivor, merged)).merge_id)
  })
})
