// Emergency contacts and insurances: what belongs to a patient and goes where the patient goes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { EmergencyContact, emergencyContactApi } from './emergency-contact.contract.ts'
import { duplicatePolicy, Insurance, insuranceApi } from './insurance.contract.ts'
import { contactDetailsOnly, type Patient, patientApi, patientInactive } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
let stranger: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  nurse = await api.person('nurse', { department_id: await api.department() })
  stranger = await api.person('nurse', { department_id: await api.department() })
})
after(async () => api[Symbol.asyncDispose]())

const register = async (): Promise<{ patient: Patient; params: { patient_id: string } }> => {
  const patient = await nurse.call(patientApi.register, { body: nextPerson() })
  return { patient, params: { patient_id: patient.id } }
}
const brother = { name: 'Luis Ruiz', relationship: 'brother', phone: '(415) 555-2672' }
let policies = 0
const policy = () => ({
  provider_name: 'Blue Shield',
  policy_number: `BS-${(policies += 1)}`,
  coverage_start_date: '2026-01-01',
  currency: 'USD',
})

describe('emergency contacts', () => {
  const { list_contacts, add_contact, replace_contact, remove_contact } = emergencyContactApi

  it('are added, listed with the first one first, replaced and removed', async () => {
    const { params } = await register()
    const one = await nurse.call(add_contact, { params, body: { ...brother, is_primary: true } })
    assert.deepEqual(Object.keys(one).toSorted(), Object.keys(EmergencyContact.shape).toSorted())
    assert.equal(one.phone, '+14155552672')
    const other = await staff.call(add_contact, { params, body: { ...brother, name: 'Eva Ruiz', is_primary: true } })
    const { items, total } = await nurse.call(list_contacts, { params, query: {} })
    assert.deepEqual(
      [items.map(({ id, is_primary }) => [id, is_primary]), total],
      [
        [
          [other.id, true],
          [one.id, false],
        ],
        2,
      ],
    )
    const at = { ...params, contact_id: one.id }
    const replaced = await nurse.call(replace_contact, {
      params: at,
      body: { ...brother, email: 'luis@example.org', is_primary: true },
    })
    assert.deepEqual([replaced.email, replaced.is_primary], ['luis@example.org', true])
    await assert.rejects(nurse.call(remove_contact, { params: at }, { 'if-match': '"v1"' }), refusedWith(stale))
    await nurse.call(remove_contact, { params: at })
    assert.deepEqual(
      (await nurse.call(list_contacts, { params, query: {} })).items.map(({ id }) => id),
      [other.id],
    )
  })

  it('have one who is first, however many are made so at once', async () => {
    const { params, patient } = await register()
    await Promise.all(
      Array.from({ length: 10 }, () => staff.call(add_contact, { params, body: { ...brother, is_primary: true } })),
    )
    const primary = sql<{
      n: number
    }>`select count(*)::int as n from emergency_contacts where patient_id = ${patient.id} and is_primary`
    assert.deepEqual(await api.rows(primary), [{ n: 1 }])
  })

  it('tell every wrong member', async () => {
    const { params } = await register()
    await assert.rejects(
      nurse.call(add_contact, { params, body: { ...brother, name: ' ', phone: '1' } }),
      refusedWith(invalidRequest, '/body/name', '/body/phone'),
    )
  })

  it('belong to their patient and to nobody else', async () => {
    const [one, other] = [await register(), await register()]
    const contact = await nurse.call(add_contact, { params: one.params, body: brother })
    const crossed = { patient_id: other.patient.id, contact_id: contact.id }
    await assert.rejects(nurse.call(replace_contact, { params: crossed, body: brother }), refusedWith(notFound))
    await assert.rejects(nurse.call(remove_contact, { params: crossed }), refusedWith(notFound))
    for (const call of [
      () => stranger.call(list_contacts, { params: one.params, query: {} }),
      () => stranger.call(add_contact, { params: one.params, body: brother }),
      () => stranger.call(remove_contact, { params: { ...one.params, contact_id: contact.id } }),
    ]) {
      await assert.rejects(call(), refusedWith(notFound))
    }
    const auditor = await api.person('auditor')
    await assert.rejects(auditor.call(list_contacts, { params: one.params, query: {} }), refusedWith(forbidden))
  })

  it('are the patient’s own to change', async () => {
    const { params, patient } = await register()
    const own = await api.person('patient', { patient_id: patient.id })
    assert.equal((await own.call(add_contact, { params, body: brother })).name, brother.name)
  })

  it('are not changed for a deleted patient', async () => {
    const { params } = await register()
    await (await api.person('admin')).call(patientApi.delete, { params, query: {} })
    await assert.rejects(nurse.call(add_contact, { params, body: brother }), refusedWith(patientInactive))
  })
})

describe('insurances', () => {
  const { list_insurances, add_insurance, replace_insurance, remove_insurance, verify_insurance } = insuranceApi

  it('are added, verified, replaced and then to be verified again, and removed', async () => {
    const { params } = await register()
    const body = { ...policy(), copay_amount: '25', coverage_percentage: 80.5, max_coverage: '999999999999.99' }
    const insurance = await nurse.call(add_insurance, { params, body })
    assert.deepEqual(Object.keys(insurance).toSorted(), Object.keys(Insurance.shape).toSorted())
    assert.deepEqual(
      [insurance.copay_amount, insurance.coverage_percentage, insurance.verification_status],
      ['25.00', 80.5, 'PENDING'],
    )
    const at = { ...params, insurance_id: insurance.id }
    assert.equal(
      (await staff.call(verify_insurance, { params: at, body: { status: 'VERIFIED' } })).verification_status,
      'VERIFIED',
    )
    const again = await staff.call(verify_insurance, { params: at, body: { status: 'VERIFIED' } })
    const [entry] = await api.rows(sql`
      select details, sealed_changes from audit_logs where resource_id = ${insurance.id} order by id desc limit 1`)
    assert.deepEqual(entry, { details: { fields: [] }, sealed_changes: null })
    await assert.rejects(
      nurse.call(replace_insurance, { params: at, body }, { 'if-match': `"v${again.version + 1}"` }),
      refusedWith(stale),
    )
    const replaced = await nurse.call(replace_insurance, { params: at, body: { ...body, provider_name: 'Red Cross' } })
    assert.deepEqual(
      [replaced.provider_name, replaced.verification_status, replaced.version],
      ['Red Cross', 'PENDING', again.version + 1],
    )
    await nurse.call(remove_insurance, { params: at })
    assert.deepEqual((await nurse.call(list_insurances, { params, query: {} })).items, [])
    assert.equal((await nurse.call(add_insurance, { params, body })).policy_number, body.policy_number)
  })

  it('have a policy number of their own, however it is written', async () => {
    const [one, other] = [await register(), await register()]
    const body = { ...policy(), policy_number: 'ab 77-x' }
    const again = { ...body, policy_number: 'AB77-X' }
    const outcomes = await Promise.allSettled(
      [one, other, one, other].map(({ params }, at) =>
        nurse.call(add_insurance, { params, body: at % 2 ? again : body }),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(refusedWith(duplicatePolicy)(outcome.reason))
  })

  it('refuse what cannot be', async () => {
    const { params } = await register()
    for (const [wrong, path] of [
      [{ coverage_end_date: '2025-12-31' }, '/body/coverage_end_date'],
      [{ coverage_percentage: 100.1 }, '/body/coverage_percentage'],
      [{ copay_amount: '1,5' }, '/body/copay_amount'],
      [{ currency: 'usd' }, '/body/currency'],
      [{ verification_status: 'VERIFIED' }, '/body/verification_status'],
    ] as const) {
      await assert.rejects(
        nurse.call(add_insurance, { params, body: { ...policy(), ...wrong } }),
        refusedWith(invalidRequest, path),
      )
    }
  })

  it('belong to their patient, and are not the patient’s own to change', async () => {
    const [one, other] = [await register(), await register()]
    const insurance = await nurse.call(add_insurance, { params: one.params, body: policy() })
    const crossed = { patient_id: other.patient.id, insurance_id: insurance.id }
    await assert.rejects(
      nurse.call(verify_insurance, { params: crossed, body: { status: 'VERIFIED' } }),
      refusedWith(notFound),
    )
    await assert.rejects(stranger.call(list_insurances, { params: one.params, query: {} }), refusedWith(notFound))
    const own = await api.person('patient', { patient_id: one.patient.id })
    assert.equal((await own.call(list_insurances, { params: one.params, query: {} })).total, 1)
    const refused = await own
      .call(verify_insurance, { params: { ...one.params, insurance_id: insurance.id }, body: { status: 'VERIFIED' } })
      .catch((error: unknown) => error)
    assert.ok(refused instanceof Problem && refusedWith(contactDetailsOnly)(refused))
  })
})
