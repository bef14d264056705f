// Figures: everybody's for the administrator, their own for doctors. What they mean is no secret.
import { sql } from '#platform/database/sql.ts'
import { adminOnly, only, type Row, signedIn } from './row.ts'

/** `analytics:read`: admin all, a doctor the own figures. */
const counted = only('admin treating away_doctor')

const made = JSON.stringify({
  report: 'dashboard',
  from: '2026-01-01',
  to: '2026-01-31',
  timezone: 'America/New_York',
  is_over: true,
  as_of: '2026-02-01T06:00:00Z',
  columns: ['metric', 'value'],
  items: [{ metric: 'patients', value: 1 }],
})
/** Of whoever ordered it: here the administrator. Doctors may read reports, and have not ordered this one. */
const orderer = only('admin', 'treating away_doctor')
const ordered: Row['prepare'] = async (subject, world) => {
  const admin = await world.personOf('admin', subject)
  await world.api.rows(sql`
    insert into report_jobs (id, report, from_date, to_date, format, status, content, created_by, finished_at)
    values (${subject.ids['report_job_id']}, 'dashboard', '2026-01-01', '2026-01-31', 'json', 'finished', ${made}, ${admin?.user_id}, now())`)
}

/** One waits at a time: those of the rows before are over. */
const noRunOpen: Row['prepare'] = async (_subject, world) => {
  await world.api.rows(
    sql`update warehouse_runs set status = 'failed', failure = 'server_died', finished_at = now() where finished_at is null`,
  )
}
const aRun: Row['prepare'] = async (subject, world) => {
  await noRunOpen?.(subject, world)
  await world.api.rows(sql`insert into warehouse_runs (id) values (${subject.ids['run_id']})`)
}

export const figureRows: readonly Row[] = [
  { operation: 'GET /api/v1/metrics-catalogue', expect: signedIn },
  { operation: 'GET /api/v1/analytics/doctor-utilization', expect: counted },
  { operation: 'GET /api/v1/analytics/appointment-trends', expect: counted },
  { operation: 'GET /api/v1/analytics/resource-usage', expect: adminOnly },
  { operation: 'GET /api/v1/admin/analytics', expect: adminOnly },
  {
    operation: 'GET /api/v1/analytics/rows',
    expect: adminOnly,
    ask: () => ({ query: { subject: 'admin_analytics', figure: 'users' } }),
  },
  {
    operation: 'GET /api/v1/analytics/rows',
    when: 'of figures of which a doctor has own ones',
    expect: counted,
    ask: () => ({ query: { subject: 'appointment_trends', figure: 'appointments' } }),
  },

  // `reports:read`: as the figures that they show.
  { operation: 'GET /api/v1/reports/dashboard', expect: adminOnly },
  { operation: 'GET /api/v1/reports/patients/statistics', expect: adminOnly },
  { operation: 'GET /api/v1/reports/visits/volume', expect: counted },
  { operation: 'GET /api/v1/reports/clinical/assessments', expect: adminOnly },
  { operation: 'GET /api/v1/reports/prescriptions', expect: counted },
  { operation: 'GET /api/v1/reports/audit', expect: adminOnly },
  {
    operation: 'GET /api/v1/reports/rows',
    expect: adminOnly,
    ask: () => ({ query: { report: 'dashboard', figure: 'patients' } }),
  },
  {
    operation: 'GET /api/v1/reports/rows',
    when: 'of a report of which a doctor has own figures',
    expect: counted,
    ask: () => ({ query: { report: 'visit_volume', figure: 'visits' } }),
  },
  {
    operation: 'GET /api/v1/reports/export/{report}',
    expect: adminOnly,
    ask: () => ({ params: { report: 'dashboard' }, query: { format: 'json' } }),
  },
  {
    operation: 'GET /api/v1/reports/export/{report}',
    when: 'one of which a doctor has own figures',
    expect: counted,
    ask: () => ({ params: { report: 'doctor_utilization' } }),
  },
  { operation: 'POST /api/v1/reports/jobs', expect: adminOnly },
  { operation: 'GET /api/v1/reports/jobs/{report_job_id}', expect: orderer, prepare: ordered },
  { operation: 'GET /api/v1/reports/jobs/{report_job_id}/content', expect: orderer, prepare: ordered },

  // `warehouse:export`, `warehouse:read`: administrators.
  { operation: 'POST /api/v1/warehouse/runs', expect: adminOnly, prepare: noRunOpen },
  { operation: 'GET /api/v1/warehouse/runs', expect: adminOnly },
  { operation: 'GET /api/v1/warehouse/runs/{run_id}', expect: adminOnly, prepare: aRun },
]
