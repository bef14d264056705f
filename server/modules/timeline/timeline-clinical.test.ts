// Documents and assessments on the timeline: when they appear, to whom, and what opening them in an emergency leaves behind.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { assessmentApi, nursingApi, radiologyApi } from '../assessments/assessment.contract.ts'
import { documentApi } from '../documents/document.contract.ts'
import { clientOf } from '../documents/documents.testing.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { timelineApi } from './timeline.contract.ts'

let api: TestApi
let clinic: Clinic
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
})
after(() => api[Symbol.asyncDispose]())

const reading = {
  modality: 'US',
  body_site: 'Abdomen',
  clinical_indication: 'Pain since yesterday',
  findings: 'No free fluid, gall bladder without stones.',
} as const
const vital_signs = { pulse_bpm: 72 }

async function admit() {
  const patient_id = await api.patient()
  const visit = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })
  return { patient_id, params: { visit_id: visit.id } }
}
const read = async (who: Person, patient_id: string, kind: 'assessment' | 'document') =>
  (await who.call(timelineApi.read, { params: { patient_id }, query: { kind } })).items
const finalize = (who: Person, assessment_id: string, as: 'preliminary' | 'final' = 'final') =>
  who.call(assessmentApi.finalize, { params: { assessment_id }, body: { as } })

describe('an assessment on the timeline', () => {
  it('appears when it is final, and stays at that time when it is amended', async () => {
    const { patient_id, params } = await admit()
    const { doctor, nurse } = clinic
    const nursing = await nurse.call(nursingApi.create, { params, body: { vital_signs } })
    const radiology = await doctor.call(radiologyApi.create, { params, body: reading })
    await finalize(doctor, radiology.id, 'preliminary')
    assert.deepEqual(await read(doctor, patient_id, 'assessment'), [])
    const { finalized_at } = await finalize(nurse, nursing.id)
    await finalize(doctor, radiology.id)
    const body = { reason: 'Counted anew', nursing: { vital_signs: { pulse_bpm: 74 } } }
    await nurse.call(assessmentApi.amend, { params: { assessment_id: nursing.id }, body })
    const own = await api.person('patient', { patient_id })
    for (const who of [doctor, nurse, own])
      assert.deepEqual(
        (await read(who, patient_id, 'assessment')).map(({ id, type, status, by }) => [id, type, status, by]),
        [
          [radiology.id, 'radiology', 'final', doctor.user_id],
          [nursing.id, 'nursing', 'amended', nurse.user_id],
        ],
      )
    assert.equal((await read(doctor, patient_id, 'assessment'))[1]?.at, finalized_at)
    assert.deepEqual(await read(await api.person('staff'), patient_id, 'assessment'), [])
    assert.deepEqual(await read(await api.person('admin'), patient_id, 'assessment'), [])
  })
})

describe('a document on the timeline', () => {
  it('is its current version, until it is deleted, for whoever may read documents', async () => {
    const { patient_id } = await admit()
    const documents = clientOf(api)
    const { doctor, nurse } = clinic
    const first = await documents.add(doctor, patient_id, undefined, { title: 'Blood count', kind: 'lab_result' })
    const second = await documents.add(doctor, patient_id, undefined, {
      title: 'Blood count, corrected',
      kind: 'lab_result',
      replaces: first.id,
    })
    const own = await api.person('patient', { patient_id })
    for (const who of [doctor, nurse, own, await api.person('admin')])
      assert.deepEqual(
        (await read(who, patient_id, 'document')).map(({ id, type, status, title, by }) => [
          id,
          type,
          status,
          title,
          by,
        ]),
        [[second.id, 'lab_result', 'clean', 'Blood count, corrected', doctor.user_id]],
      )
    assert.deepEqual(await read(await api.person('staff'), patient_id, 'document'), [])
    await doctor.call(documentApi.remove, { params: { document_id: second.id } })
    assert.deepEqual(
      (await read(doctor, patient_id, 'document')).map(({ title }) => title),
      ['Blood count'],
    )
  })
})

describe('the timeline behind broken glass', () => {
  it('shows documents and assessments, and the log says why they were shown', async () => {
    const { patient_id, params } = await admit()
    const nursing = await clinic.nurse.call(nursingApi.create, { params, body: { vital_signs } })
    await finalize(clinic.nurse, nursing.id)
    const document = await clientOf(api).add(clinic.doctor, patient_id)
    const stranger = await api.person('doctor', { department_id: await api.department(), doctor: true })
    await stranger.call(emergencyAccessApi.open_emergency_access, {
      params: { patient_id },
      body: { reason: 'Found unconscious in the hall' },
    })
    const shown = (await stranger.call(timelineApi.read, { params: { patient_id }, query: {} })).items
    assert.deepEqual(
      shown.map(({ id }) => id).filter((id) => id === nursing.id || id === document.id),
      [document.id, nursing.id],
    )
    const entries = await api.rows<{ action: string; purpose: string | null; patient_id: string }>(sql`
      select action, purpose, patient_id from audit_logs where user_id = ${stranger.user_id} and action = 'timeline.read'`)
    assert.deepEqual(entries, [{ action: 'timeline.read', purpose: 'BTG', patient_id }])
  })
})
