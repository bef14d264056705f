// Reports: the figures as tables, to be read, taken away, or made as a job.
import type { Module } from '#platform/module.ts'
import { reportPurge, reportWork, purgeReports, runReport } from './report-job.service.ts'
import { reportRoutes } from './report.routes.ts'

export const reports: Module = {
  name: 'reports',
  async open(system, jobs) {
    jobs.work(reportWork, ({ report_job_id }, run) => runReport(system, report_job_id, run))
    jobs.schedule(reportPurge, () => purgeReports(system))
    return { routes: reportRoutes() }
  },
}
