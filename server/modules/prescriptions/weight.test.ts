// The weight that doses are checked by: whose it is, how old it may be, and that the answer says so.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assessmentApi, nursingApi } from '../assessments/assessment.contract.ts'
import { openVisit } from '../visits/clinic.testing.ts'
import { amoxicillin, startPrescribing } from './prescribing.testing.ts'
import { prescriptionApi } from './prescription.contract.ts'
import { weightLimitDays, weightOf } from './weight.ts'

let house: Awaited<ReturnType<typeof startPrescribing>>
before(async () => (house = await startPrescribing()))
after(() => house[Symbol.asyncDispose]())

const now = Temporal.Now.instant()
const daysAgo = (days: number) => now.subtract({ hours: 24 * days }).toString()
const bornYearsAgo = (years: number) =>
  now.toZonedDateTimeISO('UTC').toPlainDate().subtract({ years, months: 6 }).toString()

async function admit(age_years: number) {
  const patient_id = await house.patient({ date_of_birth: bornYearsAgo(age_years) })
  const visit = await openVisit(house.nurse, patient_id, { doctor_id: house.doctor.doctor_id ?? '' })
  const params = { visit_id: visit.id }
  return {
    patient_id,
    begin: (vital_signs: object, taken_at = now.toString()) =>
      house.nurse.call(nursingApi.create, { params, body: { vital_signs, taken_at } }),
    async weigh(vital_signs: object, taken_at?: string) {
      const { id: assessment_id } = await this.begin(vital_signs, taken_at)
      return house.nurse.call(assessmentApi.finalize, { params: { assessment_id }, body: {} })
    },
  }
}
/** 1500 mg a day: at most 45 mg/kg, so too much for 12 kg, and not for 40 kg. */
const prescribe = async (patient_id: string) => (await house.draft(patient_id, amoxicillin)).id
const doseOf = ({ not_checked, findings }: Awaited<ReturnType<typeof house.check>>) => ({
  findings: findings.filter(({ kind }) => kind === 'dose').map(({ rule_id }) => rule_id),
  not_checked: not_checked.filter(({ what }) => what === 'dose').map(({ why }) => why),
})

describe('the weight of a dose check', () => {
  it('is the last one of a final nursing assessment, and the answer says of which', async () => {
    const child = await admit(3)
    await child.weigh({ weight_kg: 11 }, daysAgo(20))
    const last = await child.weigh({ weight_kg: 12 }, daysAgo(2))
    await child.weigh({ pulse_bpm: 100 })
    await child.begin({ weight_kg: 40 })
    const checked = await house.check(await prescribe(child.patient_id))
    const { weight } = checked
    assert.deepEqual(weight, {
      weight_kg: 12,
      source: 'assessment',
      assessment_id: last.id,
      taken_at: weight?.taken_at,
    })
    assert.equal(Temporal.Instant.compare(weight?.taken_at ?? now, last.taken_at), 0)
    assert.deepEqual(doseOf(checked), { findings: ['M-amoxicillin-child'], not_checked: [] })
  })

  it('is that of the request where the doctor gives one', async () => {
    const child = await admit(3)
    await child.weigh({ weight_kg: 12 })
    const checked = await house.check(await prescribe(child.patient_id), { weight_kg: 40 })
    assert.deepEqual(checked.weight, { weight_kg: 40, source: 'request', assessment_id: null, taken_at: null })
    assert.deepEqual(doseOf(checked), { findings: [], not_checked: [] })
  })

  it('is none where nobody was weighed, or too long ago: then the dose is not checked', async () => {
    const child = await admit(3)
    const id = await prescribe(child.patient_id)
    const missing = await house.check(id)
    assert.deepEqual([missing.weight, doseOf(missing).not_checked], [null, ['weight_missing']])
    await child.weigh({ weight_kg: 12 }, daysAgo(91))
    const outdated = await house.check(id)
    assert.deepEqual([outdated.weight, doseOf(outdated).not_checked], [null, ['weight_outdated']])
    await child.weigh({ weight_kg: 12 }, daysAgo(89))
    assert.deepEqual(doseOf(await house.check(id)), { findings: ['M-amoxicillin-child'], not_checked: [] })
  })

  it('follows an amendment: what was corrected counts no more', async () => {
    const child = await admit(3)
    const { id: assessment_id } = await child.weigh({ weight_kg: 12 })
    const body = { reason: 'Weighed with the coat', nursing: { vital_signs: { weight_kg: 11 } } }
    await house.nurse.call(assessmentApi.amend, { params: { assessment_id }, body })
    assert.equal((await house.check(await prescribe(child.patient_id))).weight?.weight_kg, 11)
  })

  it('stands on what was signed, for those who may read assessments', async () => {
    const child = await admit(3)
    const { id: assessment_id } = await child.weigh({ weight_kg: 20 })
    const signed = await house.sign(await prescribe(child.patient_id))
    assert.equal(signed.check?.weight?.assessment_id, assessment_id)
    const read = async (who: typeof house.nurse) =>
      (await who.call(prescriptionApi.get, { params: { prescription_id: signed.id } })).check?.weight
    assert.equal((await read(house.nurse))?.weight_kg, 20)
    assert.equal(await read(await house.api.person('admin')), null)
  })
})

describe('how long a weight counts', () => {
  const ages: [age_years: number | undefined, days: number][] = [
    [undefined, 7],
    [0, 7],
    [0.24, 7],
    [0.25, 30],
    [0.99, 30],
    [1, 90],
    [15.99, 90],
    [16, 180],
    [90, 180],
  ]
  for (const [age_years, days] of ages)
    it(`is ${days} days at ${age_years ?? 'an unknown number of'} years, to the second`, () => {
      assert.equal(weightLimitDays(age_years), days)
      const last = { weight_kg: 12, assessment_id: '0198c0de-0000-7000-8000-000000000000', taken_at: daysAgo(days) }
      assert.equal(weightOf(undefined, last, age_years, now).weight?.weight_kg, 12)
      const later = now.add({ seconds: 1 })
      assert.deepEqual(weightOf(undefined, last, age_years, later), { weight: null, has_outdated_weight: true })
    })
})
