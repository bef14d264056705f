import { implement, type Route } from '#platform/http/mount.ts'
import { reportApi, reportJobApi } from './report.contract.ts'
import { orderReport, readReportContent, readReportJob } from './report-job.service.ts'
import { reportRowsApi } from './report-rows.contract.ts'
import { listReportRows } from './report-rows.service.ts'
import { readReport } from './report.service.ts'

/** The rows of a report are as its table makes them; a test compares the columns with the contract. */
export function reportRoutes(): Route[] {
  return [
    ...implement('reports', reportApi, {
      dashboard: (ctx, { query }) => readReport(ctx, 'dashboard', query) as never,
      patient_statistics: (ctx, { query }) => readReport(ctx, 'patient_statistics', query) as never,
      visit_volume: (ctx, { query }) => readReport(ctx, 'visit_volume', query) as never,
      clinical_assessments: (ctx, { query }) => readReport(ctx, 'clinical_assessments', query) as never,
      prescriptions: (ctx, { query }) => readReport(ctx, 'prescriptions', query) as never,
      audit: (ctx, { query }) => readReport(ctx, 'audit', query) as never,
      export: (ctx, { params, query }) => readReport(ctx, params.report, query),
    }),
    ...implement('report_rows', reportRowsApi, { list: (ctx, { query }) => listReportRows(ctx, query) }),
    ...implement('report_jobs', reportJobApi, {
      create: (ctx, { body }) => orderReport(ctx, body),
      read: (ctx, { params }) => readReportJob(ctx, params.report_job_id),
      content: (ctx, { params }) => readReportContent(ctx, params.report_job_id),
    }),
  ]
}
