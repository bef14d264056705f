// What waits for a clinician: alerts of their patients, and their own drafts.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden } from '#platform/contract/problem.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { assessmentApi, radiologyApi } from './assessment.contract.ts'
import { worklistApi } from './worklist.contract.ts'

let api: TestApi
let clinic: Clinic
let patient_id: string
let visit_id: string
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
  patient_id = await api.patient()
  visit_id = (await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })).id
})
after(() => api[Symbol.asyncDispose]())

const reading = {
  modality: 'US',
  body_site: 'Abdomen',
  clinical_indication: 'Pain since yesterday',
  findings: 'Free fluid around the spleen.',
  is_critical: true,
} as const
const begin = () => clinic.doctor.call(radiologyApi.create, { params: { visit_id }, body: reading })
const finalize = (id: string, as: 'preliminary' | 'final') =>
  clinic.doctor.call(assessmentApi.finalize, { params: { assessment_id: id }, body: { as } })
const draft = async (who: Person, id: string) =>
  (await who.call(worklistApi.drafts, {})).items.find((item) => item.id === id)?.status
const alert = async (who: Person, id: string) =>
  (await who.call(worklistApi.alerts, {})).items.find(({ assessment_id }) => assessment_id === id)

describe('what waits for a clinician', () => {
  it('is their drafts and preliminary readings until the last signature, and nobody else’s', async () => {
    const { id } = await begin()
    assert.equal(await draft(clinic.doctor, id), 'draft')
    assert.equal(await draft(clinic.nurse, id), undefined)
    await finalize(id, 'preliminary')
    assert.equal(await draft(clinic.doctor, id), 'preliminary')
    await finalize(id, 'final')
    assert.equal(await draft(clinic.doctor, id), undefined)
  })

  it('is the alerts of patients in reach until somebody looks after them', async () => {
    const { id } = await begin()
    await finalize(id, 'final')
    const found = await alert(clinic.doctor, id)
    assert.deepEqual(
      { ...found, raised_at: '' },
      {
        assessment_id: id,
        kind: 'radiology',
        visit_id,
        patient_id,
        reason: 'critical_result',
        raised_at: '',
        addressed_to: clinic.doctor.user_id,
        level: 1,
      },
    )
    assert.equal((await alert(clinic.nurse, id))?.assessment_id, id)
    const stranger = await api.person('doctor', { doctor: true, department_id: await api.department() })
    assert.equal(await alert(stranger, id), undefined)
    await clinic.doctor.call(assessmentApi.acknowledge, { params: { assessment_id: id } })
    assert.equal(await alert(clinic.nurse, id), undefined)
  })

  it('is not for patients', async () => {
    const own = await api.person('patient', { patient_id })
    await assert.rejects(own.call(worklistApi.alerts, {}), refusedWith(forbidden))
    await assert.rejects(own.call(worklistApi.drafts, {}), refusedWith(forbidden))
  })
})
