// Radiology: whether it is safe, the reading that goes on, and who has to know at once.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem } from '#platform/contract/problem.ts'
import { openVisit, startClinic } from '../visits/clinic.testing.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { assessmentApi, assessmentSigned, radiologyApi, safetyUnacknowledged } from './assessment.contract.ts'
import { type Modality, RadiologyForm, SafetyQuestion } from './radiology.contract.ts'
import { contradictionsOf, safetyRules, unansweredOf } from './safety.ts'

let api: TestApi
let doctor: Person
let second: Person
let own: Person
let nurse: Person
let visit_id: string
let patient_id: string
before(async () => {
  api = await startTestApi()
  const clinic = await startClinic(api)
  ;({ doctor, nurse } = clinic)
  second = await api.person('doctor', { doctor: true, department_id: clinic.department_id })
  patient_id = await api.patient()
  own = await api.person('patient', { patient_id })
  visit_id = (await openVisit(nurse, patient_id, { doctor_id: clinic.doctor_id })).id
})
after(() => api[Symbol.asyncDispose]())

const ultrasound = {
  modality: 'US',
  body_site: 'Abdomen',
  clinical_indication: 'Pain since yesterday',
  findings: 'No free fluid, gall bladder without stones.',
} as const
const allNo = {
  pregnancy: false,
  pacemaker_or_implant: false,
  contrast_allergy: false,
  renal_impairment: false,
  claustrophobia: false,
}
const begin = (body: object = ultrasound, who = doctor) => who.call(radiologyApi.create, { params: { visit_id }, body })
const finalize = (id: string, as: 'preliminary' | 'final' = 'final', who = doctor) =>
  who.call(assessmentApi.finalize, { params: { assessment_id: id }, body: { as } })
const get = (id: string, who: Person) => who.call(assessmentApi.get, { params: { assessment_id: id } })

describe('the safety screening', () => {
  const speaks: [Modality, boolean, string, boolean][] = [
    ['MR', false, 'pacemaker_or_implant', true],
    ['CT', false, 'pacemaker_or_implant', false],
    ['MR', false, 'claustrophobia', true],
    ['CT', false, 'claustrophobia', false],
    ...(['CR', 'DX', 'CT', 'MG', 'NM', 'XA'] as const).map((one): [Modality, boolean, string, boolean] => [
      one,
      false,
      'pregnancy',
      true,
    ]),
    ['US', false, 'pregnancy', false],
    ['MR', false, 'pregnancy', false],
    ['MR', true, 'pregnancy', true],
    ['CT', true, 'contrast_allergy', true],
    ['CT', false, 'contrast_allergy', false],
    ['US', true, 'contrast_allergy', true],
    ['CT', true, 'renal_impairment', true],
    ['MR', true, 'renal_impairment', true],
    ['CT', false, 'renal_impairment', false],
  ]
  for (const [modality, with_contrast, question, expected] of speaks)
    it(`${expected ? 'warns' : 'does not warn'} of ${question} before ${modality} ${with_contrast ? 'with' : 'without'} contrast`, () => {
      const form = RadiologyForm.parse({ modality, with_contrast, safety: { ...allNo, [question]: true } })
      assert.deepEqual(
        contradictionsOf(form).map((one) => one.question),
        expected ? [question] : [],
      )
      const silent = RadiologyForm.parse({ modality, with_contrast, safety: { ...allNo, [question]: null } })
      assert.deepEqual(unansweredOf(silent), expected ? [question] : [])
    })

  it('gives the source of each rule, and every question has one', () => {
    assert.ok(safetyRules.every(({ source, because }) => source.length > 10 && because.length > 10))
    assert.deepEqual(
      [...new Set(safetyRules.map(({ question }) => question))].toSorted(),
      SafetyQuestion.options.toSorted(),
    )
  })

  it('has to be answered and acknowledged before anything is signed', async () => {
    const mr = { ...ultrasound, modality: 'MR' }
    const { id } = await begin(mr, second)
    await assert.rejects(
      finalize(id, 'final', second),
      refusedWith(invalidRequest, '/body/safety/pacemaker_or_implant', '/body/safety/claustrophobia'),
    )
    const params = { assessment_id: id }
    const save = (acknowledged: 'pacemaker_or_implant'[]) => {
      const safety = { ...allNo, pacemaker_or_implant: true, acknowledged }
      return second.call(assessmentApi.save, { params, body: { radiology: { ...ultrasound, modality: 'MR', safety } } })
    }
    assert.equal((await save([])).contradictions[0]?.is_acknowledged, false)
    await assert.rejects(finalize(id, 'final', second), (error) => {
      assert.ok(refusedWith(safetyUnacknowledged)(error))
      const [found] = (error as Problem).members['contradictions'] as { question: string }[]
      assert.equal(found?.question, 'pacemaker_or_implant')
      return true
    })
    await save(['pacemaker_or_implant'])
    assert.equal((await finalize(id, 'final', second)).contradictions[0]?.is_acknowledged, true)
  })
})

describe('a reading', () => {
  it('is preliminary, then final, then amended, and nothing of it is overwritten', async () => {
    const { id } = await begin()
    const preliminary = await finalize(id, 'preliminary')
    assert.deepEqual(
      [preliminary.status, preliminary.version_number, preliminary.finalized_at],
      ['preliminary', 1, null],
    )
    await assert.rejects(get(id, own), refusedWith(notFound))
    const params = { assessment_id: id }
    const radiology = { ...ultrasound, findings: 'No free fluid; one stone of 4 mm.' }
    await doctor.call(assessmentApi.save, { params, body: { radiology } })
    assert.equal((await get(id, nurse)).radiology?.findings, ultrasound.findings)
    const final = await finalize(id)
    assert.deepEqual([final.status, final.version_number, final.radiology?.findings], ['final', 2, radiology.findings])
    assert.equal((await get(id, own)).version_number, 2)
    const body = { reason: 'Side was wrong', radiology: { ...radiology, laterality: 'left' as const } }
    await assert.rejects(second.call(assessmentApi.amend, { params, body }), refusedWith(forbidden))
    await assert.rejects(
      doctor.call(assessmentApi.save, { params, body: { radiology } }),
      refusedWith(assessmentSigned),
    )
    await doctor.call(assessmentApi.amend, { params, body })
    const versions = await nurse.call(assessmentApi.versions, { params })
    assert.deepEqual(
      versions.items.map(({ status, radiology: form }) => [status, form?.findings, form?.laterality ?? null]),
      [
        ['preliminary', ultrasound.findings, null],
        ['final', radiology.findings, null],
        ['amended', radiology.findings, 'left'],
      ],
    )
    const seen = await own.call(assessmentApi.versions, { params })
    assert.deepEqual(
      seen.items.map(({ status }) => status),
      ['final', 'amended'],
    )
  })

  it('by somebody else is one of its own beside the first', async () => {
    const first = await begin()
    await finalize(first.id)
    const another = await begin({ ...ultrasound, findings: 'I see two stones here.' }, second)
    await finalize(another.id, 'final', second)
    assert.equal((await get(first.id, second)).radiology?.findings, ultrasound.findings)
    assert.notEqual(another.id, first.id)
  })

  it('needs its parts when it is signed, and is the doctor’s to write', async () => {
    const { id } = await begin({ findings: 'Short' }, second)
    const missing = ['modality', 'body_site', 'clinical_indication', 'findings'].map((name) => `/body/${name}`)
    await assert.rejects(finalize(id, 'final', second), refusedWith(invalidRequest, ...missing))
    await assert.rejects(begin(ultrasound, nurse), refusedWith(forbidden))
  })

  it('that is critical waits for the visit’s doctor, and keeps the time that it took', async () => {
    const { id } = await begin({ ...ultrasound, is_critical: true })
    const { alert } = await finalize(id)
    assert.deepEqual(
      [alert?.reason, alert?.addressed_to, alert?.acknowledged_at],
      ['critical_result', doctor.user_id, null],
    )
    const told = await get(id, own)
    assert.deepEqual([told.status, told.alert], ['final', null])
    const done = await doctor.call(assessmentApi.acknowledge, { params: { assessment_id: id } })
    assert.equal(done.alert?.acknowledged_by, doctor.user_id)
    assert.ok((done.alert?.seconds_to_acknowledge ?? -1) >= 0)
  })
})
