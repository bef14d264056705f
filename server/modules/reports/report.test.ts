// Reports: each counts what there is, adds up, names nobody, and is the same as a table.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { reportMetrics } from '#modules/analytics'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { figuresOfAll } from '../analytics/analytics.contract.ts'
import { assessmentApi, nursingApi, radiologyApi } from '../assessments/assessment.contract.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { bandOf } from './patient-table.ts'
import {
  AssessmentRow,
  AuditRow,
  DashboardRow,
  PatientRow,
  PrescriptionRow,
  reportApi,
  VisitRow,
} from './report.contract.ts'
import { ReportName } from './report-filters.contract.ts'

let api: TestApi
let admin: Person
let clinic: Clinic
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  clinic = await startClinic(api)
})
after(() => api[Symbol.asyncDispose]())

const march = { from: '2025-03-01', to: '2025-03-31' }

async function visit(
  at: string,
  { status = 'completed', hours = 1, type = 'outpatient', doctor_id = clinic.doctor_id } = {},
) {
  const isOpen = ['registered', 'triaged', 'in_progress', 'admitted'].includes(status)
  await api.rows(sql`
    insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
    values (${randomUUID()}, ${await api.patient()}, ${doctor_id}, ${clinic.department_id}, ${type}, ${status}, ${at}::timestamptz,
            ${isOpen ? null : at}::timestamptz + ${hours} * interval '1 hour')`)
}

describe('the volume of visits', () => {
  it('is by local days, department and type, with the length of those that ended', async () => {
    await visit('2025-03-09T04:59:00Z')
    await visit('2025-03-09T05:00:00Z', { hours: 3 })
    await visit('2025-03-10T03:59:00Z', { status: 'cancelled' })
    await visit('2025-03-10T04:00:00Z', { status: 'discharged', hours: 24, type: 'inpatient' })
    await visit('2025-03-10T05:00:00Z', { status: 'in_progress' })
    const { items } = await admin.call(reportApi.visit_volume, { query: march })
    assert.deepEqual(
      items.map(({ from, type, visits, open, completed, discharged, cancelled, ended_minutes, mean_visit_hours }) => [
        from,
        type,
        visits,
        open,
        completed,
        discharged,
        cancelled,
        ended_minutes,
        mean_visit_hours,
      ]),
      [
        ['2025-03-08', 'outpatient', 1, 0, 1, 0, 0, 60, 1],
        ['2025-03-09', 'outpatient', 2, 0, 1, 0, 1, 180, 3],
        ['2025-03-10', 'inpatient', 1, 0, 0, 1, 0, 1440, 24],
        ['2025-03-10', 'outpatient', 1, 1, 0, 0, 0, 0, null],
      ],
    )
    const months = await admin.call(reportApi.visit_volume, { query: { ...march, group_by: 'month' } })
    const sum = (rows: readonly { visits: number }[]) => rows.reduce((total, { visits }) => total + visits, 0)
    assert.equal(sum(months.items), sum(items))
    const glance = await admin.call(reportApi.dashboard, { query: march })
    assert.equal(glance.items.find(({ metric }) => metric === 'visits')?.value, 5)
  })

  it('is their own for a doctor', async () => {
    const other = await api.person('doctor', { doctor: true, department_id: clinic.department_id })
    await visit('2025-04-01T12:00:00Z', { doctor_id: other.doctor_id ?? '' })
    await visit('2025-04-01T13:00:00Z')
    const { items } = await other.call(reportApi.visit_volume, { query: { from: '2025-04-01', to: '2025-04-01' } })
    assert.deepEqual(
      items.map(({ visits }) => visits),
      [1],
    )
    await assert.rejects(other.call(reportApi.dashboard, { query: {} }), refusedWith(figuresOfAll))
    await assert.rejects(
      (await api.person('doctor')).call(reportApi.visit_volume, { query: {} }),
      refusedWith(notFound),
    )
  })
})

describe('the statistics of patients', () => {
  for (const [date_of_birth, on, band] of [
    ['2020-06-15', '2025-06-14', '0-4'],
    ['2020-06-15', '2025-06-15', '5-17'],
    ['2008-02-29', '2026-02-28', '5-17'],
    ['2008-02-29', '2026-03-01', '18-29'],
    ['1935-01-01', '2025-01-01', '90+'],
    ['1935-01-02', '2025-01-01', '75-89'],
    ['2025-01-02', '2025-01-01', 'unknown'],
    [null, '2025-01-01', 'unknown'],
  ] as const) {
    it(`take who was born on ${date_of_birth} for ${band} on ${on}`, () =>
      assert.equal(bandOf(date_of_birth, on), band))
  }

  it('count living records by age and gender, and who is new, and add up', async () => {
    await using other = await startTestApi()
    const chief = await other.person('admin')
    const people = [
      { born: '1990-05-05', gender: 'FEMALE', since: '2025-02-28' },
      { born: '1991-05-05', gender: 'FEMALE', since: '2025-03-01' },
      { born: '2024-01-01', gender: 'MALE', since: '2025-03-31' },
      { born: '1930-01-01', gender: 'UNKNOWN', since: '2025-04-01' },
    ]
    for (const { born, gender, since } of people) {
      const id = await other.patient({ date_of_birth: born })
      await other.rows(sql`update patients set gender = ${gender}, registered_date = ${since} where id = ${id}`)
    }
    const deleted = await other.patient()
    await other.rows(sql`update patients set is_active = false, registered_date = '2025-03-02' where id = ${deleted}`)
    // One that nobody can read is counted, and hides no other.
    const damaged = await other.patient()
    await other.rows(
      sql`update patients set sealed_card = '\\x00', registered_date = '2025-03-03' where id = ${damaged}`,
    )
    const { items } = await chief.call(reportApi.patient_statistics, { query: march })
    assert.deepEqual(items, [
      { age_band: '0-4', gender: 'MALE', patients: 1, new_patients: 1 },
      { age_band: '30-44', gender: 'FEMALE', patients: 2, new_patients: 1 },
      { age_band: 'unknown', gender: 'UNKNOWN', patients: 1, new_patients: 1 },
    ])
    const { items: glance } = await chief.call(reportApi.dashboard, { query: march })
    const of = (name: string) => glance.find(({ metric }) => metric === name)?.value
    assert.equal(
      of('patients'),
      items.reduce((sum, { patients }) => sum + patients, 0),
    )
    assert.equal(
      of('new_patients'),
      items.reduce((sum, { new_patients }) => sum + new_patients, 0),
    )
  })
})

describe('what assessments found', () => {
  it('is counted from final ones, in their newest version', async () => {
    const { nurse, doctor } = clinic
    const sign = async (vital_signs: object, fall: number) => {
      const { id: visit_id } = await openVisit(nurse, await api.patient(), { doctor_id: clinic.doctor_id })
      const fall_risk = {
        history_of_falling: fall > 0,
        secondary_diagnosis: fall > 1,
        ambulatory_aid: 'none',
        iv_therapy: fall > 1,
        gait: 'normal',
        mental_status: 'oriented',
      } as const
      const { id } = await nurse.call(nursingApi.create, { params: { visit_id }, body: { vital_signs, fall_risk } })
      await nurse.call(assessmentApi.finalize, { params: { assessment_id: id }, body: { as: 'final' } })
      return { visit_id, id }
    }
    const first = await sign({ pulse_bpm: 72, temperature_celsius: 39.5 }, 0)
    await sign({ pulse_bpm: 130 }, 2)
    await nurse.call(assessmentApi.amend, {
      params: { assessment_id: first.id },
      body: { reason: 'Measured anew', nursing: { vital_signs: { pulse_bpm: 73, temperature_celsius: 36.8 } } },
    })
    const { id: draft_visit } = await openVisit(nurse, await api.patient(), { doctor_id: clinic.doctor_id })
    await nurse.call(nursingApi.create, { params: { visit_id: draft_visit }, body: { vital_signs: { pulse_bpm: 20 } } })
    const reading = {
      modality: 'US',
      body_site: 'Abdomen',
      clinical_indication: 'Pain since yesterday',
      findings: 'Free fluid below the liver.',
    } as const
    const radiology = await doctor.call(radiologyApi.create, {
      params: { visit_id: first.visit_id },
      body: { ...reading, is_critical: true },
    })
    await doctor.call(assessmentApi.finalize, { params: { assessment_id: radiology.id }, body: { as: 'final' } })
    const { items } = await admin.call(reportApi.clinical_assessments, { query: {} })
    assert.deepEqual(
      items
        .filter(({ topic }) => topic !== 'early_warning')
        .map(({ topic, part, assessments, flagged }) => [topic, part, assessments, flagged]),
      [
        ['vital_sign', 'pulse_bpm', 2, 1],
        ['vital_sign', 'temperature_celsius', 1, 0],
        ['fall_risk', 'high', 1, 1],
        ['radiology', 'US', 1, 1],
        ['alert', 'critical_result', 1, 1],
        ...items
          .filter(({ topic, part }) => topic === 'alert' && part !== 'critical_result')
          .map(({ topic, part, assessments, flagged }) => [topic, part, assessments, flagged]),
      ],
    )
    assert.deepEqual((await admin.call(reportApi.clinical_assessments, { query: march })).items, [])
  })
})

describe('the report of the audit log', () => {
  it('counts each entry of the log once', async () => {
    await assert.rejects((await api.person('nurse')).call(reportApi.audit, { query: {} }))
    const { items, from, to } = await admin.call(reportApi.audit, { query: {} })
    assert.ok(
      items.some(({ action, role, outcome }) => action === 'report.read' && role === 'nurse' && outcome === 'denied'),
    )
    const [all] = await api.rows<{ count: number }>(sql`
      select count(*)::integer as count from audit_logs where not (action = 'report.read' and timestamp > now() - interval '1 second' and outcome = 'success')`)
    const counted = items.reduce((sum, { entries }) => sum + entries, 0)
    assert.ok(counted >= (all?.count ?? 0) - 1 && counted > 10, `${counted} of ${all?.count} from ${from} to ${to}`)
  })

  it('is empty of a time before there were ids with a time in them', async () => {
    for (const query of [{ from: '1969-12-01', to: '1970-01-01' }, { to: '1000-01-01' }])
      assert.deepEqual((await admin.call(reportApi.audit, { query })).items, [])
  })
})

describe('every report', () => {
  const rows = {
    dashboard: DashboardRow,
    patient_statistics: PatientRow,
    visit_volume: VisitRow,
    clinical_assessments: AssessmentRow,
    prescriptions: PrescriptionRow,
    audit: AuditRow,
  } as const

  it('shows figures of the catalogue under their names, and no other', async () => {
    for (const [name, row] of Object.entries(rows)) {
      const defined = Object.keys(reportMetrics[name as keyof typeof rows])
      if (name === 'dashboard') {
        const { items } = await admin.call(reportApi.dashboard, { query: {} })
        assert.deepEqual(
          items.map(({ metric }) => metric),
          defined,
        )
        continue
      }
      const numbers = Object.entries<z.ZodType>(row.shape).flatMap(([column, schema]) =>
        /number|integer/.test(JSON.stringify(z.toJSONSchema(schema))) ? [column] : [],
      )
      assert.deepEqual(numbers, defined, name)
    }
  })

  for (const report of ReportName.options) {
    it(`is the same as a file of ${report}, with the columns of its contract`, async () => {
      const url = `/api/v1/reports/export/${report}?from=2025-03-01&to=2025-03-31`
      const file = await admin.send({ method: 'GET', url, headers: {} })
      assert.equal(file.status, 200, file.text)
      assert.match(String(file.headers['content-type']), /^text\/csv; charset=utf-8/)
      assert.equal(file.headers['content-disposition'], `attachment; filename="${report}_2025-03-01_2025-03-31.csv"`)
      const [columns = [], ...lines] = parse(file.text) as string[][]
      const json = await admin.call(reportApi.export, { params: { report }, query: { ...march, format: 'json' } })
      assert.deepEqual(columns, json.columns)
      assert.deepEqual(
        lines,
        json.items.map((row) => columns.map((name) => String(row[name] ?? ''))),
      )
      if (report in rows) assert.deepEqual(columns, Object.keys(rows[report as keyof typeof rows].shape))
    })
  }

  it('is a table at its own address too', async () => {
    const file = await admin.send({
      method: 'GET',
      url: '/api/v1/reports/visits/volume?from=2025-03-01&to=2025-03-31&format=csv',
      headers: {},
    })
    assert.match(String(file.headers['content-type']), /^text\/csv/)
    assert.match(file.text, /^from,to,is_partial,department_id,type,visits/)
  })

  it('names nobody, and is recorded with who read it', async () => {
    const name = 'Zyxomma'
    await api.patient({ first_name: name, last_name: name, date_of_birth: '1971-11-13' })
    for (const report of ReportName.options) {
      const { text } = await admin.send({ method: 'GET', url: `/api/v1/reports/export/${report}`, headers: {} })
      assert.doesNotMatch(text, /Zyxomma|1971-11-13|Testperson/)
    }
    const [entry] = await api.rows<{ user_id: string; details: { report: string } }>(sql`
      select user_id, details from audit_logs where action = 'report.read' and outcome = 'success' order by id desc limit 1`)
    assert.deepEqual([entry?.user_id, entry?.details.report], [admin.user_id, 'resource_usage'])
  })

  it('is of a period that can be counted', async () => {
    await assert.rejects(
      admin.call(reportApi.audit, { query: { from: '2024-01-01', to: '2025-12-31' } }),
      refusedWith(invalidRequest, '/query/to'),
    )
  })
})
