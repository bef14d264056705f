// The rows that the figures of reports are sums of.
import { z } from 'zod'
import { figuresOfAll, PeriodQuery } from '../analytics/analytics.contract.ts'
import { Figure, rowList, rowPage } from '../analytics/figure-rows.contract.ts'
import { AssessmentRow, PatientRow } from './report.contract.ts'
import { Filters, ReportName } from './report-filters.contract.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'

/** The other reports are analytics, and their rows are there. */
export const ReportWithRows = ReportName.exclude(['doctor_utilization', 'appointment_trends', 'resource_usage'])
export type ReportWithRows = z.output<typeof ReportWithRows>

const { doctor_id, department_id, gender, action, outcome } = Filters.shape

export const ReportRowsQuery = PeriodQuery.extend({
  report: ReportWithRows,
  figure: Figure,
  doctor_id,
  department_id,
  gender,
  age_band: PatientRow.shape.age_band.optional(),
  visit_type: z.string().max(40).optional(),
  topic: AssessmentRow.shape.topic.optional().describe('Of clinical_assessments, which asks for one'),
  part: z
    .string()
    .max(60)
    .optional()
    .describe('Of clinical_assessments: the vital sign, level, band, modality or reason'),
  action,
  role: z.string().max(100).optional().describe('Empty: entries of those who had none'),
  outcome,
  ...rowPage,
})
export type ReportRowsQuery = z.output<typeof ReportRowsQuery>

export const ReportRows = z.object({ report: ReportWithRows, ...rowList })
export type ReportRows = z.output<typeof ReportRows>

export const reportRowsApi = {
  list: {
    method: 'GET',
    path: '/api/v1/reports/rows',
    summary: 'The rows that a figure of a report is the sum of',
    description:
      'With the filters of the report and what tells apart its rows. Where records are opened one by one a page may hold fewer than were asked for, or none: read on while there is a `next_cursor`. The rows of the reports of analytics are at `GET /api/v1/analytics/rows`. A doctor sees those of their own figures.',
    access: 'reports:read',
    audit: { action: 'report.rows', resource_type: 'report' },
    query: ReportRowsQuery,
    returns: [200, ReportRows],
    problems: [figuresOfAll, notFound],
  },
} as const satisfies Api
