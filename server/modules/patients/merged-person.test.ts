// What becomes of a person whose records were merged: their account, their access log, and how they are found.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { insuranceApi } from './insurance.contract.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { likelyDuplicates, type NewPatient, patientApi, patientMerged } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { nextPerson } from './people.testing.ts'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
  await api.app.start()
  const isReady = async () =>
    (await api.send({ method: 'GET', url: '/health/ready', headers: {} })).text.includes('"name_index":{"status":"ok"')
  while (!(await isReady())) await new Promise(setImmediate)
})
after(async () => api[Symbol.asyncDispose]())

const person = () => addPerson(api, admin, doctor, {}, {})
const merge = async (patient_id: string, merged_patient_id: string) => {
  const body = { merged_patient_id, reason: 'Registered twice', force: true }
  return (await admin.call(mergeApi.merge, { params: { patient_id }, body })).merge_id ?? ''
}
const read = async (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })

describe('the account of a merged record', () => {
  it('opens the survivor at once as its own, and its own record again when the merge is undone', async () => {
    const [one, other] = [await person(), await person()]
    const own = await api.person('patient', { patient_id: other })
    const unmasked = /^\d{3}-\d{2}-\d{4}$/
    assert.match((await read(own, other)).ssn ?? '', unmasked)
    const merge_id = await merge(one, other)
    assert.match((await read(own, one)).ssn ?? '', unmasked)
    await admin.call(mergeApi.unmerge, { params: { patient_id: one }, body: { merge_id, reason: 'Two sisters' } })
    assert.match((await read(own, other)).ssn ?? '', unmasked)
  })
})

describe('the access log of a merged record', () => {
  it('is shown with that of the record that it is part of, over several merges, until they are undone', async () => {
    const [one, other, third] = [await person(), await person(), await person()]
    const own = await api.person('patient', { patient_id: third })
    for (const patient_id of [one, other, third]) await read(admin, patient_id)
    const first_merge = await merge(other, one)
    await merge(third, other)
    const seen = async () => {
      const [log, { items, total }] = [
        await own.call(emergencyAccessApi.access_log, { params: { patient_id: third }, query: { limit: '100' } }),
        await own.call(auditLogApi.list, { query: { limit: '100', user_id: admin.user_id } }),
      ]
      assert.equal(log.total, log.items.length)
      assert.equal(total, items.length)
      const reads = items.filter(({ action }) => action === 'patient.read')
      assert.equal(log.items.filter(({ action }) => action === 'patient.read').length, reads.length)
      return reads.map(({ patient_id }) => patient_id ?? '').toSorted()
    }
    assert.deepEqual(await seen(), [one, other, third].toSorted())
    const stranger = await api.person('patient', { patient_id: await person() })
    await assert.rejects(
      stranger.call(emergencyAccessApi.access_log, { params: { patient_id: one }, query: {} }),
      refusedWith(notFound),
    )
    assert.equal((await stranger.call(auditLogApi.list, { query: { patient_id: one } })).total, 0)

    const merges = await admin.call(mergeApi.merges, { params: { patient_id: third } })
    for (const [patient_id, merge_id] of [
      [third, merges.items[0]?.merge_id ?? ''],
      [other, first_merge],
    ] as const)
      await admin.call(mergeApi.unmerge, { params: { patient_id }, body: { merge_id, reason: 'Two sisters' } })
    assert.deepEqual(await seen(), [third])
  })
})

describe('a record that is part of another', () => {
  /** A nurse who reaches one of three records that become one, and those. */
  async function merged() {
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const known = (await nurse.call(patientApi.register, { body: nextPerson() })).id
    const [inner, outer] = [await person(), await person()]
    const body = await admin.call(patientApi.read, { params: { patient_id: inner } })
    await merge(known, inner)
    await merge(outer, known)
    return { nurse, inner, known, outer, before: body }
  }

  it('says of which one, as it was, to whoever may read that', async () => {
    const { nurse, inner, known, outer, before: was } = await merged()
    assert.equal(was.merged_into, null)
    assert.equal((await read(nurse, outer)).merged_into, null)
    for (const reader of [admin, nurse]) {
      for (const patient_id of [inner, known]) assert.equal((await read(reader, patient_id)).merged_into, outer)
      const { first_name, patient_number, is_active } = await read(reader, inner)
      assert.deepEqual([first_name, patient_number, is_active], [was.first_name, was.patient_number, false])
    }
    const [entry] = await api.rows(sql`
      select outcome, purpose from audit_logs where patient_id = ${inner} and user_id = ${nurse.user_id} order by id desc limit 1`)
    assert.deepEqual(entry, { outcome: 'success', purpose: null })
  })

  it('is not there for whoever may not', async () => {
    const { inner, outer } = await merged()
    const strangers = [
      await api.person('nurse', { department_id: await api.department() }),
      await api.person('patient', { patient_id: await person() }),
    ]
    for (const stranger of strangers)
      for (const patient_id of [inner, outer]) await assert.rejects(read(stranger, patient_id), refusedWith(notFound))
  })

  it('is opened by emergency access to the one that it is part of', async () => {
    const { inner, outer } = await merged()
    const stranger = await api.person('nurse', { department_id: await api.department() })
    const body = { reason: 'Unconscious in the corridor' }
    await stranger.call(emergencyAccessApi.open_emergency_access, { params: { patient_id: outer }, body })
    assert.equal((await read(stranger, inner)).merged_into, outer)
    const [entry] = await api.rows(sql`
      select purpose from audit_logs where action = 'patient.read' and patient_id = ${inner} and user_id = ${stranger.user_id}`)
    assert.deepEqual(entry, { purpose: 'BTG' })
  })

  it('names the other to whoever changes it or asks for what has gone there', async () => {
    const { nurse, inner, outer } = await merged()
    const params = { patient_id: inner }
    const names = (error: unknown) =>
      refusedWith(patientMerged)(error) && error instanceof Problem && error.members['merged_into'] === outer
    await assert.rejects(nurse.call(patientApi.change, { params, body: { occupation: 'Baker' } }), names)
    await assert.rejects(nurse.call(emergencyContactApi.list_contacts, { params, query: {} }), names)
    await assert.rejects(nurse.call(insuranceApi.list_insurances, { params, query: {} }), names)
    await assert.rejects(admin.call(patientApi.restore, { params }), names)
  })
})

describe('a person with a merged record', () => {
  it('is found by the number and by the name that the record had, which says so', async () => {
    const staff = await api.person('staff')
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const body = { ...nextPerson(), first_name: 'Perpetua', last_name: 'Quillfeather' }
    const one = (await nurse.call(patientApi.register, { body: nextPerson() })).id
    const inner = await staff.call(patientApi.register, { body })
    const middle = (await staff.call(patientApi.register, { body: nextPerson() })).id
    await merge(middle, inner.id)
    const merge_id = await merge(one, middle)
    const found = async (query: object) => (await staff.call(patientSearchApi.search, { body: query })).items
    const found_as = {
      patient_number: inner.patient_number,
      first_name: 'Perpetua',
      middle_name: null,
      last_name: 'Quillfeather',
      date_of_birth: body.date_of_birth,
    }
    for (const query of [
      { medical_number: inner.patient_number },
      { q: inner.patient_number },
      { ssn: body.ssn },
      { phone: body.phone_primary, name: 'Quillfeather' },
      { name: 'Perpetua Quilfeather' },
      { name: 'Quillfeather', date_of_birth: body.date_of_birth },
    ]) {
      const items = await found(query)
      assert.deepEqual(
        items.map((card) => [card.id, card.found_as]),
        [[one, found_as]],
        JSON.stringify(query),
      )
    }
    assert.deepEqual(await found({ name: 'Quillfeather', date_of_birth: '1901-01-01' }), [])
    const listed = await nurse.call(patientSearchApi.list, { query: { search: 'quillfeather' } })
    assert.deepEqual(
      listed.items.map(({ id }) => id),
      [one],
    )
    await admin.call(mergeApi.unmerge, { params: { patient_id: one }, body: { merge_id, reason: 'Two people' } })
    assert.deepEqual(
      (await found({ name: 'Perpetua Quillfeather' })).map(({ id }) => id),
      [middle],
    )
  })

  it('is found once where both records have the name', async () => {
    const staff = await api.person('staff')
    const { ssn: _, ...body } = { ...nextPerson(), first_name: 'Ottoline', last_name: 'Marchbanks' }
    const one = await staff.call(patientApi.register, { body })
    const other = await staff.call(patientApi.register, { body: { ...body, force: true } })
    await merge(one.id, other.id)
    const { items, total } = await staff.call(patientSearchApi.search, { body: { name: 'Ottoline Marchbanks' } })
    assert.deepEqual([items.map(({ id, found_as }) => [id, found_as]), total], [[[one.id, null]], 1])
  })

  it('is found by the values of both, also in the list of a department', async () => {
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const earlier = nextPerson()
    const [one, other] = [
      await nurse.call(patientApi.register, { body: nextPerson() }),
      await nurse.call(patientApi.register, { body: earlier }),
    ]
    await merge(one.id, other.id)
    for (const search of [earlier.phone_primary, earlier.ssn]) {
      const { items } = await nurse.call(patientSearchApi.list, { query: { search } })
      assert.deepEqual(
        items.map(({ id }) => id),
        [one.id],
      )
    }
    const stranger = await api.person('nurse', { department_id: await api.department() })
    assert.equal((await stranger.call(patientSearchApi.list, { query: { search: earlier.phone_primary } })).total, 0)
  })

  it('is not registered once more under an earlier name, not even a misspelt one', async () => {
    const { ssn: _, ...earlier } = nextPerson()
    const staff = await api.person('staff')
    const [one, other] = [await person(), (await staff.call(patientApi.register, { body: earlier })).id]
    await merge(one, other)
    const likelyOf = async (body: NewPatient) => {
      const error: unknown = await staff.call(patientApi.register, { body }).catch((refusal: unknown) => refusal)
      assert.ok(error instanceof Problem && refusedWith(likelyDuplicates)(error))
      const likely = error.members['likely_duplicates'] as { id: string; score: number }[]
      return likely.map(({ id, score }) => [id, score])
    }
    assert.deepEqual(await likelyOf(earlier), [[one, 1]])
    const { phone_primary } = nextPerson()
    const [[id, score] = []] = await likelyOf({ ...earlier, phone_primary, last_name: `${earlier.last_name}h` })
    assert.equal(id, one)
    assert.ok(Number(score) < 1)
  })
})
