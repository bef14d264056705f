// A draft that nobody goes on with: who may take it out of the way, what stays of it, and that its visit can then end.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { become, type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { visitUnfinished } from '../visits/visit.contract.ts'
import {
  assessmentApi,
  assessmentDiscarded,
  assessmentSigned,
  nursingApi,
  radiologyApi,
} from './assessment.contract.ts'

let api: TestApi
let clinic: Clinic
let nurse: Person
let doctor: Person
let admin: Person
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
  ;({ nurse, doctor } = clinic)
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const form = { vital_signs: { pulse_bpm: 72 }, notes: 'Half a sentence' }
const at = ({ id }: { id: string }) => ({ params: { assessment_id: id } })
const reason = 'Its author has left the house'

async function leaveBehind(who = nurse) {
  const visit = await openVisit(nurse, await api.patient(), { doctor_id: clinic.doctor_id })
  await become(doctor, visit, 'triaged', 'in_progress')
  return { visit, draft: await who.call(nursingApi.create, { params: { visit_id: visit.id }, body: form }) }
}
const discard = (who: Person, draft: { id: string }, body: object = { reason }, headers = {}) =>
  who.call(assessmentApi.discard, { ...at(draft), body }, headers)

describe('an abandoned draft', () => {
  it('is discarded by the doctor of the visit, which can then be completed', async () => {
    const { visit, draft } = await leaveBehind()
    await assert.rejects(become(doctor, visit, 'completed'), refusedWith(visitUnfinished))
    assert.deepEqual(await discard(doctor, draft), { id: draft.id, status: 'discarded', version: draft.version + 1 })
    assert.equal((await become(doctor, visit, 'completed'))?.status, 'completed')
  })

  it('is discarded by an administrator, also where the visit has no doctor', async () => {
    const visit = await openVisit(nurse, await api.patient())
    const draft = await nurse.call(nursingApi.create, { params: { visit_id: visit.id }, body: form })
    await assert.rejects(discard(doctor, draft), refusedWith(forbidden))
    await discard(admin, draft)
  })

  it('is discarded by its author without a reason, who begins another', async () => {
    const { visit, draft } = await leaveBehind()
    await discard(nurse, draft, {})
    const another = await nurse.call(nursingApi.create, { params: { visit_id: visit.id }, body: {} })
    assert.notEqual(another.id, draft.id)
    const current = await nurse.call(nursingApi.read, { params: { visit_id: visit.id } })
    assert.equal(current.id, another.id)
  })

  it('is nobody else’s to discard', async () => {
    const { draft } = await leaveBehind()
    const colleague = await api.person('nurse', { department_id: clinic.department_id })
    const second = await api.person('doctor', { doctor: true, department_id: clinic.department_id })
    for (const who of [colleague, second, await api.person('staff'), await api.person('auditor')])
      await assert.rejects(discard(who, draft), refusedWith(forbidden))
    const away = await api.person('doctor', { doctor: true, department_id: await api.department() })
    await assert.rejects(discard(away, draft), refusedWith(notFound))
  })

  it('takes a reason from who did not write it, and the version that they saw', async () => {
    const { draft } = await leaveBehind()
    await assert.rejects(discard(doctor, draft, {}), refusedWith(invalidRequest, '/body/reason'))
    await nurse.call(assessmentApi.save, { ...at(draft), body: { nursing: form } })
    await assert.rejects(discard(doctor, draft, { reason }, { 'if-match': '"v1"' }), refusedWith(stale))
    await discard(doctor, draft, { reason }, { 'if-match': '"v2"' })
  })

  it('stays for its author to read, is shown to nobody else, and goes on no more', async () => {
    const { visit, draft } = await leaveBehind()
    await discard(doctor, draft)
    const read = await nurse.call(assessmentApi.get, at(draft))
    assert.deepEqual([read.status, read.nursing?.notes], ['discarded', 'Half a sentence'])
    await assert.rejects(doctor.call(assessmentApi.get, at(draft)), refusedWith(notFound))
    await assert.rejects(nurse.call(nursingApi.read, { params: { visit_id: visit.id } }), refusedWith(notFound))
    const refused = refusedWith(assessmentDiscarded)
    await assert.rejects(nurse.call(assessmentApi.save, { ...at(draft), body: { nursing: form } }), refused)
    await assert.rejects(nurse.call(assessmentApi.finalize, { ...at(draft), body: {} }), refused)
    await assert.rejects(
      nurse.call(assessmentApi.amend, { ...at(draft), body: { reason: 'x', nursing: form } }),
      refused,
    )
    await assert.rejects(discard(doctor, draft), refused)
  })

  it('leaves in the log who discarded it, of whom, and why, sealed', async () => {
    const { draft } = await leaveBehind()
    await discard(admin, draft)
    const [entry] = await api.rows<Record<string, unknown>>(sql`
      select user_id, patient_id, outcome, details->>'author_id' as author_id, sealed_changes is not null as is_sealed
        from audit_logs where action = 'assessment.discard' and resource_id = ${draft.id}`)
    const { patient_id } = draft
    assert.deepEqual(entry, {
      user_id: admin.user_id,
      patient_id,
      outcome: 'success',
      author_id: nurse.user_id,
      is_sealed: true,
    })
  })

  it('is signed or discarded, never both', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { draft } = await leaveBehind()
      const sign = () => nurse.call(assessmentApi.finalize, { ...at(draft), body: {} })
      const both = round % 2 === 0 ? [sign(), discard(doctor, draft)] : [discard(doctor, draft), sign()]
      const done = await Promise.allSettled(both)
      assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const outcome of done)
        if (outcome.status === 'rejected')
          assert.ok([assessmentSigned, assessmentDiscarded].some((kind) => refusedWith(kind)(outcome.reason)))
    }
  })
})

describe('what was signed', () => {
  it('is never discarded, be it preliminary or final', async () => {
    const { visit, draft } = await leaveBehind()
    await nurse.call(assessmentApi.finalize, { ...at(draft), body: {} })
    await assert.rejects(discard(nurse, draft), refusedWith(assessmentSigned))
    const reading = await doctor.call(radiologyApi.create, {
      params: { visit_id: visit.id },
      body: {
        modality: 'US',
        body_site: 'Abdomen',
        clinical_indication: 'Pain',
        findings: 'No free fluid, no stones.',
      },
    })
    await doctor.call(assessmentApi.finalize, { ...at(reading), body: { as: 'preliminary' } })
    await assert.rejects(discard(doctor, reading), refusedWith(assessmentSigned))
  })
})
