import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { ReportJob } from './report.contract.ts'

export type StoredJob = Omit<ReportJob, 'content' | 'from' | 'to'> & { from_date: string; to_date: string }

const columns = sql`id, report, from_date, to_date, group_by, filters, format, status, done, total, created_at, finished_at`
const keptDays = 7

export function insertReportJob(
  job: Pick<StoredJob, 'id' | 'report' | 'from_date' | 'to_date' | 'group_by' | 'filters' | 'format'>,
  user_id: string,
): Sql<StoredJob> {
  return sql`
    insert into report_jobs (id, report, from_date, to_date, group_by, filters, format, created_by)
    values (${job.id}, ${job.report}, ${job.from_date}, ${job.to_date}, ${job.group_by}, ${JSON.stringify(job.filters)}::jsonb,
            ${job.format}, ${user_id})
    returning ${columns}`
}

/** Of whoever ordered it. */
export function findOwnJob(id: string, user_id: string): Sql<StoredJob> {
  return sql`select ${columns} from report_jobs where id = ${id} and created_by = ${user_id}`
}

export function findContent(id: string, user_id: string): Sql<StoredJob & { content: string | null }> {
  return sql`select ${columns}, content from report_jobs where id = ${id} and created_by = ${user_id}`
}

/** No row where it has ended already: a run that was thought to be lost came to its end. */
export function beginReport(id: string): Sql<StoredJob> {
  return sql`update report_jobs set status = 'running', done = 0 where id = ${id} and status in ('waiting', 'running') returning ${columns}`
}

export function noteProgress(id: string, done: number, total: number): Sql {
  return sql`update report_jobs set done = ${done}, total = ${total} where id = ${id} and status = 'running'`
}

export function finishReport(id: string, content: string): Sql {
  return sql`
    update report_jobs set status = 'finished', content = ${content}, finished_at = now(), done = total
     where id = ${id} and status = 'running'`
}

export function failReport(id: string): Sql {
  return sql`update report_jobs set status = 'failed', finished_at = now() where id = ${id} and status in ('waiting', 'running')`
}

export function deleteOldReports(): Sql {
  return sql`delete from report_jobs where created_at < now() - ${literal(keptDays)} * interval '1 day'`
}
