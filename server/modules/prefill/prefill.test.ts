// What a nursing form begins with: what is known and still true, of each value where it comes from, and no more than one may read.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import type { Person } from '../../testing.ts'
import { assessmentApi, nursingApi } from '../assessments/assessment.contract.ts'
import { amoxicillin, ibuprofen, startPrescribing, warfarin } from '../prescriptions/prescribing.testing.ts'
import { prescriptionApi } from '../prescriptions/prescription.contract.ts'
import { openVisit } from '../visits/clinic.testing.ts'
import { nursingPrefillApi, radiologyPrefillApi } from './prefill.contract.ts'

let house: Awaited<ReturnType<typeof startPrescribing>>
before(async () => (house = await startPrescribing()))
after(() => house[Symbol.asyncDispose]())

async function admit() {
  const patient_id = await house.patient()
  const visit = await openVisit(house.nurse, patient_id, { doctor_id: house.doctor.doctor_id ?? '' })
  const params = { visit_id: visit.id }
  const itemsOf = async (field: string, who: Person = house.nurse) =>
    (await who.call(nursingPrefillApi.prefill, { params })).items.filter((item) => item.field === field)
  return { patient_id, params, itemsOf }
}

describe('what a form begins with', () => {
  it('is the height that was measured last, and the vital signs, with the assessment that they are of', async () => {
    const { params, itemsOf } = await admit()
    const body = { vital_signs: { pulse_bpm: 70, height_cm: 175 } }
    const { id } = await house.nurse.call(nursingApi.create, { params, body })
    const first = await house.nurse.call(assessmentApi.finalize, { params: { assessment_id: id }, body: {} })
    const [height] = await itemsOf('vital_signs.height_cm')
    assert.deepEqual([height?.value, height?.source], [175, { type: 'assessment', id, at: first.taken_at }])
    assert.equal((await itemsOf('last_vital_signs')).length, 1)
  })

  it('is each allergy and condition that is known', async () => {
    const { patient_id, itemsOf } = await admit()
    const allergy = await house.allergy(patient_id, 'Penicillin')
    await house.condition(patient_id, { text: 'Asthma', clinical_status: 'active' })
    const [known] = await itemsOf('allergies')
    assert.deepEqual(
      [known?.value, known?.source.id],
      [{ substance: 'Penicillin', reaction: null, severity: 'severe' }, allergy.id],
    )
    assert.equal((await itemsOf('conditions')).length, 1)
  })

  it('is each medicine of a signed prescription whose course still runs: no draft, none that was cancelled, is over or ran out', async () => {
    const { patient_id, itemsOf, params } = await admit()
    const write = async (...medicines: object[]) => {
      const { id } = await house.draft(patient_id, ...medicines)
      return house.sign(id)
    }
    await house.draft(patient_id, { ...ibuprofen, name: 'Drafted' })
    const cancelled = await write({ ...ibuprofen, name: 'Cancelled' })
    await house.doctor.call(prescriptionApi.cancel, {
      params: { prescription_id: cancelled.id },
      body: { reason: 'Stopped' },
    })
    const over = await write({ ...amoxicillin, name: 'Over' })
    const out = await write({ ...warfarin, name: 'Out', duration_days: 365, refills: 3 })
    await house.api.rows(sql`alter table prescriptions disable trigger user`)
    await house.api.rows(sql`update prescriptions set signed_at = now() - interval '9 days' where id = ${over.id}`)
    await house.api.rows(sql`update prescriptions set status = 'expired' where id = ${out.id}`)
    await house.api.rows(sql`alter table prescriptions enable trigger user`)
    const current = await write(warfarin)
    const found = [
      {
        field: 'current_medicines',
        value: { name: 'Warfarin', code: null, dosage: '5 mg', route: 'oral', frequency: 'once daily' },
        source: { type: 'prescription', id: current.id, at: current.signed_at },
      },
    ]
    assert.deepEqual(await itemsOf('current_medicines'), found)
    const { items } = await house.doctor.call(radiologyPrefillApi.prefill, { params })
    assert.deepEqual(
      items.filter(({ field }) => field === 'current_medicines'),
      found,
    )
  })

  it('names no medicine to who may not read prescriptions', async () => {
    const { patient_id, itemsOf } = await admit()
    await house.sign((await house.draft(patient_id, amoxicillin)).id)
    await house.api.rows(sql`
      insert into roles (name, permissions) values ('weigher', array['nursing-assessments:write', 'assessments:read', 'visits:read'])`)
    assert.deepEqual(await itemsOf('current_medicines', await house.api.person('weigher')), [])
    assert.equal((await itemsOf('current_medicines')).length, 1)
  })
})
