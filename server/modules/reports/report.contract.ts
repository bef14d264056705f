// Reports: tables of a period, as JSON or CSV, at once or as a job. Counts and times, and nothing about any person.
import { z } from 'zod'
import { figuresOfAll, PeriodQuery } from '../analytics/analytics.contract.ts'
import { AuditOutcome, Filters, ReportName } from './report-filters.contract.ts'
import { Id, Instant, LocalDate } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

const Count = z.int()
const Ratio = z.number().nullable()
const Stretch = { from: LocalDate, to: LocalDate, is_partial: z.boolean() }

/** The rows of each report: what tells them apart, then its figures as the catalogue names them. */
export const DashboardRow = z.object({ metric: z.string(), value: Count })
export const PatientRow = z.object({
  age_band: z.enum(['0-4', '5-17', '18-29', '30-44', '45-59', '60-74', '75-89', '90+', 'unknown']),
  gender: z.enum(['MALE', 'FEMALE', 'OTHER', 'UNKNOWN']),
  patients: Count,
  new_patients: Count,
})
export const VisitRow = z.object({
  ...Stretch,
  department_id: Id,
  type: z.string(),
  visits: Count,
  open: Count,
  completed: Count,
  discharged: Count,
  left_without_being_seen: Count,
  cancelled: Count,
  ended_minutes: Count,
  mean_visit_hours: Ratio,
})
export const AssessmentRow = z.object({
  topic: z.enum(['vital_sign', 'fall_risk', 'early_warning', 'radiology', 'alert']),
  part: z.string().describe('The vital sign, level, band, modality or reason'),
  assessments: Count,
  flagged: Count,
})
export const PrescriptionRow = z.object({
  ...Stretch,
  doctor_id: Id,
  prescriptions: Count,
  draft: Count,
  signed: Count,
  dispensed: Count,
  cancelled: Count,
  expired: Count,
})
export const AuditRow = z.object({
  ...Stretch,
  action: z.string(),
  role: z.string().nullable(),
  outcome: AuditOutcome,
  entries: Count,
})

function reportOf<R extends z.ZodObject>(Row: R) {
  return z.object({
    report: ReportName,
    from: LocalDate,
    to: LocalDate.describe('Included'),
    timezone: z.string(),
    is_over: z.boolean().describe('Whether the last day has ended: until then figures still change'),
    as_of: Instant,
    items: z.array(Row),
    rows: z
      .string()
      .describe(
        'Where the rows behind each figure are listed: add `&figure=` and its name, and narrow it by what tells a row of the report apart',
      ),
  })
}

export const Format = z.enum(['json', 'csv'])
export type Format = z.output<typeof Format>

export const Cell = z.union([z.string(), z.number(), z.boolean()]).nullable()
export type Cell = z.output<typeof Cell>
/** Any report: its columns in order, and a member for each in every row. */
export const Report = z.object({
  ...reportOf(z.object({})).shape,
  columns: z.array(z.string()),
  items: z.array(z.record(z.string(), Cell)),
})
export type Report = z.output<typeof Report>

const GroupBy = z.enum(['day', 'week', 'month'])
export const ReportQuery = PeriodQuery.extend({ format: Format.default('json') })
const GroupedQuery = ReportQuery.extend({ group_by: GroupBy.default('day') })
const { doctor_id, department_id, gender, action, role, outcome } = Filters.shape
export const ExportQuery = PeriodQuery.extend({
  format: Format.default('csv'),
  group_by: GroupBy.optional(),
  ...Filters.shape,
})

export const reportTooLong = defineProblem(
  'report_too_long',
  422,
  'This report opens more records than one request may: have it made by POST /api/v1/reports/jobs',
)

const table = (path: string, summary: string) =>
  ({
    method: 'GET',
    path: `/api/v1/reports/${path}`,
    summary,
    description:
      'A period of local days, at most 366; thirty days until today unless said. `format=csv` answers a table (RFC 4180, UTF-8); what would be a formula there is text. Each figure is defined in `GET /api/v1/metrics-catalogue`.',
    access: 'reports:read',
    audit: { action: 'report.read', resource_type: 'report' },
    also_sends: 'csv',
  }) as const

export const reportApi = {
  dashboard: {
    ...table('dashboard', 'The hospital at a glance'),
    query: ReportQuery,
    returns: [200, reportOf(DashboardRow)],
    problems: [figuresOfAll],
  },
  patient_statistics: {
    ...table('patients/statistics', 'Patients by age and gender, and who is new'),
    query: ReportQuery.extend({ gender }),
    returns: [200, reportOf(PatientRow)],
    problems: [figuresOfAll, reportTooLong],
  },
  visit_volume: {
    ...table('visits/volume', 'Visits by day, week or month, department and type'),
    query: GroupedQuery.extend({ doctor_id, department_id }),
    returns: [200, reportOf(VisitRow)],
    problems: [notFound],
  },
  clinical_assessments: {
    ...table('clinical/assessments', 'Vital signs out of range, risk of falls, early warnings, critical findings'),
    query: ReportQuery.extend({ doctor_id, department_id }),
    returns: [200, reportOf(AssessmentRow)],
    problems: [figuresOfAll, reportTooLong],
  },
  prescriptions: {
    ...table('prescriptions', 'Prescriptions by day, week or month and doctor'),
    query: GroupedQuery.extend({ doctor_id }),
    returns: [200, reportOf(PrescriptionRow)],
    problems: [notFound],
  },
  audit: {
    ...table('audit', 'What was done, by whom of which role, and with which outcome'),
    query: GroupedQuery.extend({ action, role, outcome }),
    returns: [200, reportOf(AuditRow)],
    problems: [figuresOfAll],
  },
  export: {
    ...table('export/{report}', 'A report as a file'),
    description:
      'Of the same rows as the report itself, with its filters; what it is not narrowed by is refused (422). CSV unless `format=json`.',
    params: z.strictObject({ report: ReportName }),
    query: ExportQuery,
    returns: [200, Report],
    problems: [figuresOfAll, reportTooLong, notFound],
  },
} as const satisfies Api

export const NewReportJob = z.strictObject({
  report: ReportName,
  from: PeriodQuery.shape.from,
  to: PeriodQuery.shape.to,
  group_by: GroupBy.optional(),
  format: Format.default('csv'),
  ...Filters.shape,
})
export type NewReportJob = z.output<typeof NewReportJob>

export const ReportJob = z.object({
  id: Id,
  report: ReportName,
  from: LocalDate,
  to: LocalDate,
  format: Format,
  group_by: GroupBy.nullable(),
  filters: Filters.describe('What it was narrowed by'),
  status: z.enum(['waiting', 'running', 'finished', 'failed']),
  done: z.int().describe('Of `total`: records that were opened'),
  total: z.int(),
  created_at: Instant,
  finished_at: Instant.nullable(),
  content: z.string().nullable().describe('Where it is fetched, for seven days; null until it is finished'),
})
export type ReportJob = z.output<typeof ReportJob>

export const reportNotReady = defineProblem(
  'report_not_ready',
  409,
  'This report is not finished: ask GET /api/v1/reports/jobs/{report_job_id} how far it is',
)

const access = 'reports:read'
const params = z.strictObject({ report_job_id: Id })

export const reportJobApi = {
  create: {
    method: 'POST',
    path: '/api/v1/reports/jobs',
    summary: 'Have a report made, however many records it opens',
    description: 'With the filters of the report itself; what it is not narrowed by is refused (422).',
    access,
    audit: { action: 'report.order', resource_type: 'report_job' },
    body: NewReportJob,
    returns: [202, ReportJob],
    problems: [figuresOfAll],
    example: { report: 'patient_statistics', from: '2026-01-01', to: '2026-12-31' },
  },
  read: {
    method: 'GET',
    path: '/api/v1/reports/jobs/{report_job_id}',
    summary: 'How far a report is',
    description: 'Whoever ordered it sees it.',
    access,
    audit: 'none',
    params,
    returns: [200, ReportJob],
    problems: [notFound],
    background: true,
  },
  content: {
    method: 'GET',
    path: '/api/v1/reports/jobs/{report_job_id}/content',
    summary: 'The report that was made',
    access,
    audit: { action: 'report.read', resource_type: 'report_job' },
    params,
    returns: [200, Report],
    problems: [notFound, reportNotReady],
    also_sends: 'csv',
  },
} as const satisfies Api
