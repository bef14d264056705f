// Allergies and conditions: what is known of a patient, told to whoever treats them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { patientInactive } from '../patients/patient.contract.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { Allergy, allergyApi } from './allergy.contract.ts'
import { Condition, conditionApi } from './condition.contract.ts'

let api: TestApi
let nurse: Person
let stranger: Person
let patient_id: string
let own: Person
const { add_allergy, get_allergy, list_allergies, remove_allergy, replace_allergy } = allergyApi
const { add_condition, list_conditions, remove_condition, replace_condition } = conditionApi
const penicillin = { substance: 'Penicillin', reaction: 'Hives all over', severity: 'severe' } as const
const diabetes = { text: 'Type 2 diabetes', icd10_code: 'E11.9', onset_date: '2019-05-01' }

before(async () => {
  api = await startTestApi()
  const department_id = await api.department()
  nurse = await api.person('nurse', { department_id })
  stranger = await api.person('nurse', { department_id: await api.department() })
  patient_id = await api.patient()
  await api.rows(sql`
    insert into care_relationships (patient_id, department_id, origin, origin_id) values (${patient_id}, ${department_id}, 'registration', ${patient_id})`)
  own = await api.person('patient', { patient_id })
})
after(() => api[Symbol.asyncDispose]())

const record = (body: object = penicillin) =>
  nurse.call(add_allergy, { params: { patient_id }, body: body as typeof penicillin })

describe('an allergy', () => {
  it('is recorded, read by the patient, replaced, and removed when it was entered in error', async () => {
    const made = await record()
    assert.deepEqual(Object.keys(made).toSorted(), Object.keys(Allergy.shape).toSorted())
    assert.deepEqual([made.status, made.code, made.created_by], ['active', null, nurse.user_id])
    const params = { patient_id, allergy_id: made.id }
    assert.deepEqual(await own.call(get_allergy, { params }), made)
    const changed = await nurse.call(replace_allergy, {
      params,
      body: { ...penicillin, code: 'J01CE01', code_system: 'atc', status: 'resolved' },
    })
    assert.deepEqual([changed.status, changed.code, changed.version], ['resolved', 'J01CE01', 2])
    await nurse.call(remove_allergy, { params }, { 'if-match': '"v2"' })
    await assert.rejects(nurse.call(get_allergy, { params }), refusedWith(notFound))
    const { items } = await nurse.call(list_allergies, { params: { patient_id }, query: {} })
    assert.equal(
      items.some(({ id }) => id === made.id),
      false,
    )
    const kept = sql<{
      n: number
    }>`select count(*)::int as n from allergies where id = ${made.id} and removed_at is not null`
    assert.deepEqual(await api.rows(kept), [{ n: 1 }])
  })

  it('is changed by one of those who change it at once; the others are told what differs', async () => {
    const { id } = await record()
    const params = { patient_id, allergy_id: id }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        nurse.call(
          replace_allergy,
          { params, body: { ...penicillin, reaction: `Reaction ${n}` } },
          { 'if-match': '"v1"' },
        ),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    const told = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Problem] : []))
    assert.ok(told.every(refusedWith(stale)))
    assert.deepEqual(told.map(({ members }) => [members['current_version'], members['differs_in']]).at(0), [
      2,
      ['reaction'],
    ])
  })

  it('is out of reach for who does not treat the patient, and nobody writes in their own chart', async () => {
    const { id } = await record()
    const params = { patient_id, allergy_id: id }
    await assert.rejects(stranger.call(list_allergies, { params: { patient_id }, query: {} }), refusedWith(notFound))
    await assert.rejects(stranger.call(replace_allergy, { params, body: penicillin }), refusedWith(notFound))
    await assert.rejects(stranger.call(remove_allergy, { params }), refusedWith(notFound))
    await assert.rejects(own.call(add_allergy, { params: { patient_id }, body: penicillin }), refusedWith(forbidden))
    const doctor = await api.person('doctor', { doctor: true, patient_id: await api.patient() })
    const about_me = { params: { patient_id: doctor.patient_id ?? '' }, body: penicillin }
    await assert.rejects(doctor.call(add_allergy, about_me), refusedWith(forbidden))
    const staff = await api.person('staff')
    await assert.rejects(staff.call(list_allergies, { params: { patient_id }, query: {} }), refusedWith(forbidden))
  })

  it('belongs to its patient and to nobody else', async () => {
    const { id } = await record()
    const other = await api.patient()
    await api.rows(sql`
      insert into care_relationships (patient_id, department_id, origin, origin_id) values (${other}, ${nurse.department_id}, 'registration', ${other})`)
    const params = { patient_id: other, allergy_id: id }
    await assert.rejects(nurse.call(get_allergy, { params }), refusedWith(notFound))
    await assert.rejects(nurse.call(replace_allergy, { params, body: penicillin }), refusedWith(notFound))
    await assert.rejects(nurse.call(remove_allergy, { params }), refusedWith(notFound))
  })

  it('stands in no column, event or open part of the audit log as it was said', async () => {
    const { id } = await record({ ...penicillin, substance: 'CANARYSUBSTANCE', reaction: 'CANARYREACTION' })
    const dumped = await api.rows<{ row: string }>(sql`
      select allergies::text as row from allergies union all select events::text from events union all select audit_logs::text from audit_logs`)
    assert.ok(dumped.length > 3)
    assert.deepEqual(
      dumped.filter(({ row }) => /canary/i.test(row)),
      [],
    )
    const entries = await api.rows<{ action: string; patient_id: string; is_sealed: boolean }>(sql`
      select action, patient_id, sealed_changes is not null as is_sealed from audit_logs where resource_id = ${id}`)
    assert.deepEqual(entries, [{ action: 'allergy.add', patient_id, is_sealed: true }])
    const events = await api.rows<{ type: string }>(sql`select type from events where subject_id = ${id}`)
    assert.deepEqual(events, [{ type: 'allergy.added' }])
  })

  it('is not recorded for who was deleted', async () => {
    const deleted = await api.patient()
    await api.rows(sql`
      insert into care_relationships (patient_id, department_id, origin, origin_id) values (${deleted}, ${nurse.department_id}, 'registration', ${deleted})`)
    await api.rows(sql`update patients set is_active = false where id = ${deleted}`)
    await assert.rejects(
      nurse.call(add_allergy, { params: { patient_id: deleted }, body: penicillin }),
      refusedWith(patientInactive),
    )
  })

  it('names every wrong member', async () => {
    const body = { substance: ' ', severity: 'awful', code: 'a b', patient: 'x' } as unknown as typeof penicillin
    await assert.rejects(
      nurse.call(add_allergy, { params: { patient_id }, body }),
      refusedWith(invalidRequest, '/body/substance', '/body/severity', '/body/code', '/body/patient'),
    )
  })
})

describe('a condition', () => {
  it('is recorded, listed newest first, ended and removed', async () => {
    const params = { patient_id }
    const made = await nurse.call(add_condition, { params, body: diabetes })
    assert.deepEqual(Object.keys(made).toSorted(), Object.keys(Condition.shape).toSorted())
    const later = await nurse.call(add_condition, { params, body: { text: 'Cough' } })
    const { items, total } = await own.call(list_conditions, { params, query: {} })
    assert.deepEqual([items.map(({ id }) => id), total], [[later.id, made.id], 2])
    const at = { patient_id, condition_id: later.id }
    const body = {
      text: 'Cough',
      clinical_status: 'resolved',
      onset_date: '2026-01-02',
      resolved_date: '2026-01-09',
    } as const
    const ended = await nurse.call(replace_condition, { params: at, body })
    assert.deepEqual([ended.clinical_status, ended.resolved_date], ['resolved', '2026-01-09'])
    await assert.rejects(nurse.call(remove_condition, { params: at }, { 'if-match': '"v1"' }), refusedWith(stale))
    await nurse.call(remove_condition, { params: at })
    assert.equal((await nurse.call(list_conditions, { params, query: {} })).total, 1)
  })

  const wrong: [string, object, string][] = [
    ['a code that is none of ICD-10', { icd10_code: '250.00' }, '/body/icd10_code'],
    [
      'an end before its beginning',
      { clinical_status: 'resolved', resolved_date: '2019-04-30' },
      '/body/resolved_date',
    ],
    ['an end while it is active', { resolved_date: '2020-01-01' }, '/body/resolved_date'],
    ['a beginning in the future', { onset_date: '2999-01-01' }, '/body/onset_date'],
  ]
  for (const [what, members, path] of wrong) {
    it(`does not take ${what}`, async () => {
      const body = { ...diabetes, ...members }
      await assert.rejects(
        nurse.call(add_condition, { params: { patient_id }, body }),
        refusedWith(invalidRequest, path),
      )
    })
  }

  for (const code of ['E11', 'E11.9', 'S72.001A', 'C4A.0', 'Z33.1', 'U07.1'])
    it(`takes ${code}`, async () => {
      const body = { text: 'Something', icd10_code: code }
      assert.equal((await nurse.call(add_condition, { params: { patient_id }, body })).icd10_code, code)
    })
})
