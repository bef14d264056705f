// Vital signs and prescriptions in the warehouse: values and codes, the newest that was signed, and no word that was typed.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { eraseAgain } from '#modules/patients'
import { assessmentApi, nursingApi } from '../assessments/assessment.contract.ts'
import { amoxicillin, ibuprofen, startPrescribing } from '../prescriptions/prescribing.testing.ts'
import { reportApi } from '../reports/report.contract.ts'
import { openVisit } from '../visits/clinic.testing.ts'
import { exportTo, memoryTree, readMemory } from './warehouse.testing.ts'

let clinic: Awaited<ReturnType<typeof startPrescribing>>
const tree = memoryTree()
before(async () => void (clinic = await startPrescribing()))
after(() => clinic.api[Symbol.asyncDispose]())

const write = () => exportTo(clinic.api, tree)
async function ask(question: string) {
  using duck = await readMemory(tree)
  return await duck.ask(question)
}

async function sign(patient_id: string, vital_signs: object): Promise<string> {
  const { id: visit_id } = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor.doctor_id })
  const { id } = await clinic.nurse.call(nursingApi.create, {
    params: { visit_id },
    body: { vital_signs, notes: 'Says she is Maria' },
  })
  await clinic.nurse.call(assessmentApi.finalize, { params: { assessment_id: id }, body: { as: 'final' } })
  return id
}

describe('vital signs', () => {
  it('are those of signed assessments, flagged as there, and counted as the report counts them', async () => {
    const patient_id = await clinic.patient()
    const id = await sign(patient_id, { pulse_bpm: 130, temperature_celsius: 36.8, consciousness: 'alert' })
    const draft = await openVisit(clinic.nurse, await clinic.patient(), { doctor_id: clinic.doctor.doctor_id })
    await clinic.nurse.call(nursingApi.create, {
      params: { visit_id: draft.id },
      body: { vital_signs: { pulse_bpm: 20 } },
    })
    await write()
    const signs = `select sign, loinc_code, unit, value, value_code, is_flagged from fact_vital_sign order by sign`
    assert.deepEqual(await ask(signs), [
      { sign: 'consciousness', loinc_code: '80288-4', unit: '', value: null, value_code: 'alert', is_flagged: false },
      { sign: 'pulse_bpm', loinc_code: '8867-4', unit: '/min', value: 130, value_code: null, is_flagged: true },
      {
        sign: 'temperature_celsius',
        loinc_code: '8310-5',
        unit: 'Cel',
        value: 36.8,
        value_code: null,
        is_flagged: false,
      },
    ])
    const admin = await clinic.api.person('admin')
    const { items } = await admin.call(reportApi.clinical_assessments, { query: {} })
    assert.deepEqual(
      await ask(
        `select sign as part, count(*) as assessments, count(*) filter (is_flagged) as flagged from fact_vital_sign group by 1 order by 1`,
      ),
      items
        .filter(({ topic }) => topic === 'vital_sign')
        .map(({ part, assessments, flagged }) => ({ part, assessments, flagged })),
    )
    await clinic.nurse.call(assessmentApi.amend, {
      params: { assessment_id: id },
      body: { reason: 'Of another patient', nursing: { vital_signs: { pulse_bpm: 72 } } },
    })
    const run = await write()
    assert.equal(run.reason, 'changes')
    assert.deepEqual(await ask(signs), [
      { sign: 'pulse_bpm', loinc_code: '8867-4', unit: '/min', value: 72, value_code: null, is_flagged: false },
    ])
    assert.deepEqual(
      await ask(`select count(*) as count from fact_vital_sign v join fact_visit using (visit_key, patient_key)`),
      [{ count: 1 }],
    )
    await eraseAgain(clinic.api.system, [patient_id])
    await write()
    assert.deepEqual(await ask(signs), [])
  })
})

describe('prescriptions', () => {
  it('have their status and the codes of their medicines, as they are now', async () => {
    const patient_id = await clinic.patient()
    const draft = await clinic.draft(patient_id, { ...amoxicillin, instructions: 'Give it to Maria' }, ibuprofen)
    await write()
    const told = `select status, medicine_count, atc_codes, signed_at is not null as is_signed from fact_prescription`
    assert.deepEqual(await ask(told), [{ status: 'draft', medicine_count: 2, atc_codes: 'J01CA04', is_signed: false }])
    await clinic.sign(draft.id)
    const run = await write()
    assert.deepEqual([run.reason, run.tables['fact_prescription']?.rows], ['changes', 1])
    assert.deepEqual(await ask(told), [{ status: 'signed', medicine_count: 2, atc_codes: 'J01CA04', is_signed: true }])
    // Where it was altered past the rules, it says so by saying less, and hides no other.
    await clinic.api.rows(sql`alter table prescriptions disable trigger user`)
    await clinic.api.rows(sql`update prescriptions set sealed_content = '\\x00' where id = ${draft.id}`)
    await write()
    assert.deepEqual(await ask(told), [{ status: 'signed', medicine_count: null, atc_codes: null, is_signed: true }])
  })

  it('and nothing else say a word that was typed', () => {
    for (const [path, content] of tree.files)
      for (const word of ['Maria', 'Give it', 'Amalia']) assert.ok(!content.includes(word), path)
  })
})
