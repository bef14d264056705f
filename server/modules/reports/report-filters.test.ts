// Reports of some rows only: what is left out is left out, and what is left adds up to the whole.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import { notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { type Clinic, startClinic } from '../visits/clinic.testing.ts'
import { reportApi } from './report.contract.ts'

let api: TestApi
let admin: Person
let clinic: Clinic
let other: Clinic
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  clinic = await startClinic(api)
  other = await startClinic(api)
})
after(() => api[Symbol.asyncDispose]())

const march = { from: '2025-03-01', to: '2025-03-31' }
const sumOf = <Row>(rows: readonly Row[], of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0)

describe('a report of some rows', () => {
  it('counts the visits of a doctor, of a department, or of one in the other', async () => {
    const visit = async (doctor_id: string, department_id: string) =>
      api.rows(sql`
        insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
        values (${randomUUID()}, ${await api.patient()}, ${doctor_id}, ${department_id}, 'outpatient', 'completed',
                '2025-03-10T12:00:00Z', '2025-03-10T13:00:00Z')`)
    await visit(clinic.doctor_id, clinic.department_id)
    await visit(clinic.doctor_id, other.department_id)
    await visit(other.doctor_id, other.department_id)
    const count = async (filters: { doctor_id?: string; department_id?: string }) =>
      sumOf(
        (await admin.call(reportApi.visit_volume, { query: { ...march, ...filters } })).items,
        ({ visits }) => visits,
      )
    const [own, others] = [{ doctor_id: clinic.doctor_id }, { doctor_id: other.doctor_id }]
    assert.deepEqual([await count({}), await count(own), await count(others)], [3, 2, 1])
    const { department_id } = other
    assert.deepEqual([await count({ department_id }), await count({ ...own, department_id })], [2, 1])
  })

  it('counts the prescriptions of a doctor by their status, as a table too', async () => {
    const prescribe = async (doctor_id: string, status: 'draft' | 'cancelled') => {
      const patient_id = await api.patient()
      await api.rows(sql`
        insert into prescriptions (prescription_number, patient_id, doctor_id, status, key_id, sealed_content, created_at, cancelled_at)
        select ${randomUUID()}, id, ${doctor_id}, ${status}, key_id, '\\x00'::bytea, '2025-03-10T12:00:00Z',
               case when ${status} = 'cancelled' then '2025-03-11T12:00:00Z'::timestamptz end
          from patients where id = ${patient_id}`)
    }
    await prescribe(clinic.doctor_id, 'draft')
    await prescribe(clinic.doctor_id, 'cancelled')
    await prescribe(other.doctor_id, 'draft')
    const all = (await admin.call(reportApi.prescriptions, { query: march })).items
    assert.equal(
      sumOf(all, ({ prescriptions }) => prescriptions),
      3,
    )
    const { doctor_id } = clinic
    const { items } = await admin.call(reportApi.prescriptions, { query: { ...march, doctor_id } })
    assert.deepEqual(
      items,
      all.filter((row) => row.doctor_id === doctor_id),
    )
    assert.deepEqual(
      items.map(({ prescriptions, draft, cancelled }) => [prescriptions, draft, cancelled]),
      [[2, 1, 1]],
    )
    const url = `/api/v1/reports/prescriptions?from=${march.from}&to=${march.to}&format=csv&doctor_id=${doctor_id}`
    const { text } = await admin.send({ method: 'GET', url, headers: {} })
    const rows = parse<Record<string, string>>(text, { columns: true })
    assert.deepEqual(
      rows.map((row) => [row.doctor_id, row.prescriptions]),
      [[doctor_id, '2']],
    )
  })

  it('is of nobody else for a doctor, whoever is asked for', async () => {
    const doctor = await api.person('doctor', { doctor: true, department_id: clinic.department_id })
    for (const operation of [reportApi.visit_volume, reportApi.prescriptions]) {
      assert.deepEqual((await doctor.call(operation, { query: { ...march, doctor_id: doctor.doctor_id } })).items, [])
      await assert.rejects(
        doctor.call(operation, { query: { ...march, doctor_id: clinic.doctor_id } }),
        refusedWith(notFound),
      )
    }
  })

  it('counts entries of the audit log by action, role and outcome', async () => {
    await assert.rejects((await api.person('nurse')).call(reportApi.audit, { query: {} }))
    const all = (await admin.call(reportApi.audit, { query: {} })).items
    const of = async (filters: { action?: string; role?: string; outcome?: 'success' | 'denied' | 'failure' }) =>
      (await admin.call(reportApi.audit, { query: filters })).items.map(({ action, role, outcome }) => [
        action,
        role,
        outcome,
      ])
    const denied = all.filter(({ outcome }) => outcome === 'denied')
    assert.ok(denied.length > 0 && denied.length < all.length)
    for (const { action, outcome, role } of denied) {
      assert.ok((await of({ outcome })).every(([, , told]) => told === outcome))
      assert.deepEqual(await of({ action, outcome, ...(role === null ? {} : { role }) }), [[action, role, outcome]])
    }
    assert.deepEqual(await of({ action: 'there.is.none' }), [])
  })
})
