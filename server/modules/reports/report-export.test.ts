// A report that is taken away, or made as a job, is narrowed as it is where it is read.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import { invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { analyticsApi } from '../analytics/analytics.contract.ts'
import { assessmentApi, nursingApi, radiologyApi } from '../assessments/assessment.contract.ts'
import { resourceApi } from '../resources/resource.contract.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { type Report, reportApi, reportJobApi } from './report.contract.ts'
import { type FilterName, type Filters, filtersOf, ReportName } from './report-filters.contract.ts'
import { runReport } from './report-job.service.ts'

let api: TestApi
let admin: Person
let clinic: Clinic
let other: Clinic
const march = { from: '2025-03-01', to: '2025-03-31' }

before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  clinic = await startClinic(api)
  other = await startClinic(api)
  await past(clinic, 'outpatient', 'Ward 1')
  await past(other, 'inpatient', 'Ward 2')
  await past(other, 'inpatient', 'Ward 2')
  await api.rows(sql`update doctor_states set in_force_from = '2025-01-01'`)
  await api.rows(sql`update resource_states set in_force_from = '2025-01-01'`)
  await api.rows(sql`update patients set registered_date = '2025-03-05'`)
  await api.rows(sql`update patients set gender = 'MALE' where id = (select id from patients order by id desc limit 1)`)
  await api.rows(sql`update assessments set finalized_at = '2025-03-10T12:00:00Z' where finalized_at is not null`)
  await api.rows(sql`update assessment_alerts set raised_at = '2025-03-10T12:00:00Z'`)
  await assert.rejects(clinic.nurse.call(reportApi.audit, { query: {} }))
})
after(() => api[Symbol.asyncDispose]())

/** A visit with a critical finding, a prescription, an appointment and a bed of a clinic, some time ago. */
async function past({ doctor, nurse, doctor_id, department_id }: Clinic, type: string, ward: string): Promise<void> {
  const patient_id = await api.patient()
  const { id: visit_id } = await openVisit(nurse, patient_id, { doctor_id })
  const body = {
    modality: 'US',
    body_site: 'Abdomen',
    clinical_indication: 'Pain since yesterday',
    findings: 'Free fluid below the liver.',
    is_critical: true,
  } as const
  const signed = [
    await doctor.call(radiologyApi.create, { params: { visit_id }, body }),
    await nurse.call(nursingApi.create, { params: { visit_id }, body: { vital_signs: { pulse_bpm: 72 } } }),
  ]
  for (const [at, { id }] of signed.entries()) {
    const who = at === 0 ? doctor : nurse
    await who.call(assessmentApi.finalize, { params: { assessment_id: id }, body: { as: 'final' } })
  }
  await api.rows(sql`
    insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
    values (${randomUUID()}, ${patient_id}, ${doctor_id}, ${department_id}, ${type}, 'completed',
            '2025-03-10T12:00:00Z', '2025-03-10T13:00:00Z')`)
  await api.rows(sql`
    insert into prescriptions (prescription_number, patient_id, doctor_id, key_id, sealed_content, created_at)
    select ${randomUUID()}, id, ${doctor_id}, key_id, '\\x00'::bytea, '2025-03-10T12:00:00Z' from patients where id = ${patient_id}`)
  const hour = 12 + (hours += 1)
  await api.rows(sql`
    insert into appointments (confirmation_code, patient_id, doctor_id, during, status, created_at)
    values (${randomUUID()}, ${patient_id}, ${doctor_id},
            tstzrange(${`2025-03-10T${hour}:00:00Z`}, ${`2025-03-10T${hour}:30:00Z`}), 'completed', '2025-03-08T12:00:00Z')`)
  await admin.call(resourceApi.create, {
    body: {
      type: ward === 'Ward 1' ? 'bed' : 'room',
      name: 'Bed',
      code: randomUUID().slice(0, 13).toUpperCase(),
      ward,
      department_id,
    },
  })
}
let hours = 0

/** What is asked for in the tests, by the name of the filter. */
function given(name: FilterName): Filters {
  const { doctor_id, department_id } = clinic
  const all = {
    doctor_id,
    department_id,
    gender: 'MALE',
    type: 'bed',
    ward: 'Ward 1',
    action: 'report.read',
    role: 'nurse',
    outcome: 'denied',
  } as const
  return { [name]: all[name] }
}

/** The report at its own address; of analytics, whose rows are not flat, what is narrowed is compared by its total. */
const own: Partial<Record<ReportName, (query: object) => Promise<{ items: readonly object[] }>>> = {
  patient_statistics: (query) => admin.call(reportApi.patient_statistics, { query }),
  visit_volume: (query) => admin.call(reportApi.visit_volume, { query }),
  clinical_assessments: (query) => admin.call(reportApi.clinical_assessments, { query }),
  prescriptions: (query) => admin.call(reportApi.prescriptions, { query }),
  audit: (query) => admin.call(reportApi.audit, { query }),
}
const analytic = {
  doctor_utilization: ['available_minutes', (query: object) => admin.call(analyticsApi.doctor_utilization, { query })],
  appointment_trends: ['appointments', (query: object) => admin.call(analyticsApi.appointment_trends, { query })],
  resource_usage: ['available_minutes', (query: object) => admin.call(analyticsApi.resource_usage, { query })],
} as const

const linesOf = ({ columns, items }: Report) => items.map((row) => columns.map((name) => String(row[name] ?? '')))

async function exported(report: ReportName, query: object): Promise<Report> {
  const json = await admin.call(reportApi.export, { params: { report }, query: { ...query, format: 'json' } })
  const url = `/api/v1/reports/export/${report}?${new URLSearchParams({ ...query }).toString()}`
  const { status, text } = await admin.send({ method: 'GET', url, headers: {} })
  assert.equal(status, 200, text)
  const [columns, ...lines] = parse(text) as string[][]
  assert.deepEqual([columns, lines], [json.columns, linesOf(json)])
  return json
}

async function madeAsJob(report: ReportName, period: object, filters: Filters): Promise<Report> {
  const ordered = await admin.call(reportJobApi.create, { body: { report, ...period, ...filters, format: 'json' } })
  assert.deepEqual([ordered.filters, ordered.group_by], [filters, null])
  await runReport(api.system, ordered.id, { attempt: 1, signal: new AbortController().signal })
  const params = { report_job_id: ordered.id }
  assert.deepEqual((await admin.call(reportJobApi.read, { params })).filters, filters)
  return admin.call(reportJobApi.content, { params })
}

describe('a report that is narrowed', () => {
  for (const report of ReportName.options.filter((name) => filtersOf[name].length > 0)) {
    it(`has the same rows as a file and as a job: ${report}`, async () => {
      // Entries are written while the test runs: what was denied before it stays what it is.
      const period = report === 'audit' ? {} : march
      const steady: Filters = report === 'audit' ? { outcome: 'denied' } : {}
      const whole = await admin.call(reportApi.export, { params: { report }, query: { ...period, format: 'json' } })
      for (const name of filtersOf[report]) {
        const filters = { ...steady, ...given(name) }
        const file = await exported(report, { ...period, ...filters })
        assert.ok(file.items.length > 0, `${report} by ${name} has rows`)
        assert.notDeepEqual(file.items, whole.items, `${report} by ${name} leaves something out`)
        assert.deepEqual((await madeAsJob(report, period, filters)).items, file.items, `${report} by ${name}`)
        const read = await own[report]?.({ ...period, ...filters })
        if (read) assert.deepEqual(file.items, read.items, `${report} by ${name}`)
      }
      if (report in analytic) {
        const [figure, total] = analytic[report as keyof typeof analytic]
        for (const name of filtersOf[report]) {
          const { items } = await exported(report, { ...period, ...given(name) })
          const sum = items.reduce((sum, row) => sum + Number(row[figure]), 0)
          const answer = await total({ ...period, ...given(name) })
          assert.equal(sum, (answer.total as Record<string, unknown>)[figure], `${report} by ${name}`)
          assert.ok(sum > 0)
        }
      }
    })
  }

  it('counts the findings of a department by its visits, and half of what two have is of one', async () => {
    const alerts = async (filters: Filters) => {
      const { items } = await admin.call(reportApi.clinical_assessments, { query: { ...march, ...filters } })
      return items.map(({ topic, part, assessments }) => [topic, part, assessments])
    }
    const { department_id, doctor_id } = other
    const of = (count: number) => [
      ['vital_sign', 'pulse_bpm', count],
      ['radiology', 'US', count],
      ['alert', 'critical_result', count],
    ]
    assert.deepEqual(await alerts({}), of(3))
    assert.deepEqual(await alerts({ department_id }), of(2))
    assert.deepEqual(await alerts({ doctor_id: clinic.doctor_id }), of(1))
    assert.deepEqual(await alerts({ doctor_id, department_id: clinic.department_id }), [])
  })

  it('is refused where it knows nothing of what is asked for: silence would be taken for an answer', async () => {
    await assert.rejects(
      admin.call(reportApi.export, {
        params: { report: 'dashboard' },
        query: { format: 'json', doctor_id: clinic.doctor_id },
      }),
      refusedWith(invalidRequest, '/query/doctor_id'),
    )
    await assert.rejects(
      admin.call(reportJobApi.create, { body: { report: 'visit_volume', ward: 'Ward 1' } }),
      refusedWith(invalidRequest, '/body/ward'),
    )
  })

  it('is of nobody else for a doctor, as a file too', async () => {
    const params = { report: 'visit_volume' } as const
    const query = { ...march, format: 'json' } as const
    const { items } = await clinic.doctor.call(reportApi.export, { params, query })
    assert.equal(items.length, 1)
    await assert.rejects(
      clinic.doctor.call(reportApi.export, { params, query: { ...query, doctor_id: other.doctor_id } }),
      refusedWith(notFound),
    )
  })
})
