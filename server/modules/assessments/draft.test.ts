// Drafts that many write at once: each keeps its own, each save is in the audit log, and whoever holds the patient is waited for.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { patientInactive } from '../patients/patient.contract.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { assessmentApi, nursingApi } from './assessment.contract.ts'

let api: TestApi
let clinic: Clinic
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
})
after(() => api[Symbol.asyncDispose]())

async function beginFor(patient_id: string) {
  const visit = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })
  const params = { visit_id: visit.id }
  return { params, ...(await clinic.nurse.call(nursingApi.create, { params, body: { notes: 'Begun' } })) }
}
const begin = async () => beginFor(await api.patient())

const entriesOf = (id: string) =>
  api.rows<{ n: number }>(sql`
    select count(*)::int as n from audit_logs where resource_id = ${id} and action = 'assessment.draft' and outcome = 'success'`)

it('keeps what is saved at once in its own draft, and an entry for each', async () => {
  const drafts = await Promise.all(Array.from({ length: 6 }, begin))
  const saved = await Promise.all(
    drafts.flatMap(({ id, params }, at) => [
      clinic.nurse.call(nursingApi.save, { params, body: { notes: `Of ${at}`, vital_signs: { pulse_bpm: 60 + at } } }),
      clinic.nurse.call(assessmentApi.save, {
        params: { assessment_id: id },
        body: { nursing: { notes: `Of ${at}` } },
      }),
      clinic.nurse.call(nursingApi.save, { params, body: { notes: `Of ${at}` } }),
    ]),
  )
  assert.equal(saved.length, 18)
  for (const [at, { id }] of drafts.entries()) {
    const read = await clinic.nurse.call(assessmentApi.get, { params: { assessment_id: id } })
    assert.deepEqual([read.nursing?.notes, read.version], [`Of ${at}`, 4])
    assert.deepEqual(
      saved
        .filter((one) => one.id === id)
        .map(({ version }) => version)
        .toSorted((one, other) => one - other),
      [2, 3, 4],
    )
    assert.deepEqual(await entriesOf(id), [{ n: 4 }])
  }
})

it('waits for whoever changes the patient, and then judges the patient as they are', async () => {
  const patient_id = await api.patient()
  const { params, id } = await beginFor(patient_id)
  const body = { notes: 'Typed meanwhile' }
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { promise: held, resolve: hold } = Promise.withResolvers<void>()
  const holder = api.database.transaction(async (tx) => {
    await tx.run(sql`select from patients where id = ${patient_id} for update`)
    hold()
    await released
    await tx.run(sql`update patients set is_active = false where id = ${patient_id}`)
  })
  await held
  const saving = clinic.nurse.call(nursingApi.save, { params, body })
  const outcome = assert.rejects(saving, refusedWith(patientInactive))
  const onLock = sql<{ waiting: number }>`
    select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  let waiting = 0
  for (let asked = 0; waiting === 0 && asked < 5000; asked += 1) waiting = (await api.rows(onLock))[0]?.waiting ?? 0
  assert.equal(waiting, 1)
  release()
  await holder
  await outcome
  assert.deepEqual(await entriesOf(id), [{ n: 1 }])
})

it('says that emergency access was the reason wherever it is', async () => {
  const { id: visit_id } = await openVisit(clinic.nurse, await api.patient(), { doctor_id: clinic.doctor_id })
  const [visit] = await api.rows<{ patient_id: string }>(sql`select patient_id from visits where id = ${visit_id}`)
  const stranger = await api.person('nurse', { department_id: await api.department() })
  const open = {
    params: { patient_id: visit?.patient_id ?? '' },
    body: { reason: 'Found unconscious in the corridor' },
  }
  await stranger.call(emergencyAccessApi.open_emergency_access, open)
  const params = { visit_id }
  const { id } = await stranger.call(nursingApi.create, { params, body: {} })
  await stranger.call(nursingApi.save, { params, body: { notes: 'Pale' } })
  await stranger.call(assessmentApi.save, { params: { assessment_id: id }, body: { nursing: { notes: 'Pale, cold' } } })
  assert.deepEqual(
    await api.rows(sql`select purpose from audit_logs where resource_id = ${id} and action = 'assessment.draft'`),
    [{ purpose: 'BTG' }, { purpose: 'BTG' }, { purpose: 'BTG' }],
  )
})
