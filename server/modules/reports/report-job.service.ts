import { randomUUIDv7 } from 'node:crypto'
import { z } from 'zod'
import { readPeriod, requireEveryone } from '#modules/analytics'
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import { Id } from '#platform/contract/fields.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { countingDatabase } from '#platform/database/counting.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { defineJob, defineSchedule, type Run } from '#platform/jobs/job.ts'
import { csvOf } from './csv.ts'
import { type NewReportJob, Report, type ReportJob, reportNotReady } from './report.contract.ts'
import {
  beginReport,
  deleteOldReports,
  failReport,
  findContent,
  findOwnJob,
  finishReport,
  insertReportJob,
  noteProgress,
  type StoredJob,
} from './report-job.store.ts'
import { fileName, filtersFor, makeReport, rowsOf } from './report.service.ts'

export const reportWork = defineJob({
  name: 'reports.make',
  payload: z.strictObject({ report_job_id: Id }),
  retry: { limit: 2 },
  expire_seconds: 3600,
  batch: 2,
})
export const reportPurge = defineSchedule({ name: 'reports.purge', every_seconds: 86_400 })

/** @throws Problem invalidRequest, figuresOfAll */
export async function orderReport(
  ctx: Context,
  { report, format, group_by, ...asked }: NewReportJob,
): Promise<ReportJob> {
  requireEveryone(ctx)
  const filters = filtersFor(report, asked, '/body')
  const { from, to } = readPeriod(asked, ctx.system.configuration.timezone, '/body/to')
  const id = randomUUIDv7()
  return ctx.database.transaction(async (tx) => {
    const job = await tx.one(
      insertReportJob(
        { id, report, from_date: from, to_date: to, group_by: group_by ?? null, filters, format },
        userOf(ctx),
      ),
    )
    await enqueueJob(tx, reportWork, { report_job_id: id }, { key: id })
    tx.audit({
      action: 'report.order',
      resource_type: 'report_job',
      resource_id: id,
      details: { report, from, to, format },
    })
    return shown(job)
  })
}

/** @throws Problem notFound */
export async function readReportJob(ctx: Context, id: string): Promise<ReportJob> {
  const job = await ctx.database.once((tx) => tx.first(findOwnJob(id, userOf(ctx))))
  if (!job) throw new Problem(notFound)
  return shown(job)
}

/** @throws Problem notFound, reportNotReady */
export async function readReportContent(ctx: Context, id: string): Promise<Report | string> {
  const job = await ctx.database.once((tx) => tx.first(findContent(id, userOf(ctx))))
  if (!job) throw new Problem(notFound)
  if (job.content === null) throw new Problem(reportNotReady)
  ctx.saw({ details: { report: job.report, from: job.from_date, to: job.to_date, format: job.format } })
  // What a server of an older version made does not say where its rows are.
  const rows = rowsOf(job.report, { from: job.from_date, to: job.to_date, ...job.filters })
  if (job.format === 'json') return Report.parse({ rows, ...JSON.parse(job.content) })
  const name = fileName({ report: job.report, from: job.from_date, to: job.to_date })
  ctx.header('content-disposition', `attachment; filename="${name}.csv"`)
  return job.content
}

/** Made as a whole by each attempt; what was counted before a server died is counted anew. */
export async function runReport(
  system: System,
  id: string,
  { attempt, signal }: Pick<Run, 'attempt' | 'signal'>,
): Promise<void> {
  const database = systemDatabase(system)
  const job = await database.once((tx) => tx.first(beginReport(id)))
  if (!job) return
  const { timezone } = system.configuration
  try {
    const made = await makeReport(job.report, {
      counting: countingDatabase(system),
      timezone,
      keyring: system.keys.keyring,
      period: readPeriod({ from: job.from_date, to: job.to_date }, timezone),
      group_by: job.group_by ?? 'day',
      filters: job.filters,
      most_opened: Infinity,
      progress: async (done, total) => {
        signal.throwIfAborted()
        await database.once((tx) => tx.run(noteProgress(id, done, total)))
      },
    })
    const content = job.format === 'csv' ? csvOf(made.columns, made.items) : JSON.stringify(made)
    await database.once((tx) => tx.run(finishReport(id, content)))
  } catch (error) {
    if (attempt > reportWork.retry.limit) await database.once((tx) => tx.run(failReport(id)))
    throw error
  }
}

export async function purgeReports(system: System): Promise<void> {
  await systemDatabase(system).once((tx) => tx.run(deleteOldReports()))
}

function systemDatabase({ pool }: System): Database {
  const enter = () => sql`select openward.enter_as('none')`
  return scopedDatabase(
    pool,
    { enter },
    { audit: (entry) => ({ role: 'system', correlation_id: 'reports', ...entry }) },
  )
}

function shown(job: StoredJob): ReportJob {
  const { id, report, format, group_by, filters, status, done, total, created_at, finished_at } = job
  const content = status === 'finished' ? `/api/v1/reports/jobs/${id}/content` : null
  const period = { from: job.from_date, to: job.to_date }
  return { id, report, ...period, format, group_by, filters, status, done, total, created_at, finished_at, content }
}

function userOf({ actor }: Context): string {
  return certain(actor.user_id, 'user of whoever is signed in')
}
