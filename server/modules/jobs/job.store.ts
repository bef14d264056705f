import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { FailedJob, JobOverview } from './job.contract.ts'

export function countJobs(): Sql<JobOverview['counts'][number]> {
  return sql`
    select name, case state when 'created' then 'waiting' when 'retry' then 'waiting' when 'active' then 'running' else state::text end as state,
           count(*)::int as count
      from pgboss.job_common group by 1, 2 order by 1, 2`
}

export type FailedRow = Omit<FailedJob, 'error_code'> & { output: unknown }

export function findFailedJobs(name: string | undefined, limit: number): Sql<FailedRow> {
  return sql`
    select id, name, output, retry_count + 1 as attempts, created_on as created_at, completed_on as failed_at
      from pgboss.job_common
     where state = 'failed' and (${name ?? null}::text is null or name = ${name ?? null})
     order by completed_on desc, id desc limit ${literal(limit)}`
}

export function findJob(id: string): Sql<{ name: string; state: string }> {
  return sql`select name, state::text as state from pgboss.job_common where id = ${id} for update`
}

/** One more attempt, at once; where it fails too, the job is back among the failed. */
export function retryJob(id: string): Sql {
  return sql`
    update pgboss.job_common
       set state = 'retry', retry_limit = greatest(retry_limit, retry_count + 1), completed_on = null, start_after = now()
     where id = ${id} and state = 'failed'`
}
