// The work behind the requests: how much of each kind waits, runs, is done or has failed; and another try for what failed.
import { z } from 'zod'
import { Id, Instant, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const jobNotFailed = defineProblem(
  'job_not_failed',
  409,
  'Only a job that has failed can be tried again: this one waits, runs or is done',
)

const JobState = z.enum(['waiting', 'running', 'completed', 'cancelled', 'failed'])

const JobCount = z.object({ name: z.string(), state: JobState, count: z.int() })

export const FailedJob = z.object({
  id: Id,
  name: z.string(),
  error_code: z.string().describe('What the log of the server says more about, under the id of the job'),
  attempts: z.int(),
  created_at: Instant,
  failed_at: Instant,
})
export type FailedJob = z.output<typeof FailedJob>

export const JobOverview = z.object({
  counts: z.array(JobCount).describe('Completed jobs are counted for two days, failed ones for ninety'),
  failed: z.array(FailedJob).describe('Those that no attempt could do, newest first'),
})
export type JobOverview = z.output<typeof JobOverview>

export const JobQuery = z.strictObject({ name: z.string().max(60).optional(), limit: Page.limit })

export const jobApi = {
  list: {
    method: 'GET',
    path: '/api/v1/jobs',
    summary: 'The work behind the requests, and what of it has failed',
    access: 'operation:read',
    audit: { action: 'job.list', resource_type: 'job' },
    query: JobQuery,
    returns: [200, JobOverview],
    problems: [],
  },
  retry: {
    method: 'POST',
    path: '/api/v1/jobs/{job_id}/retry',
    summary: 'Try a failed job again',
    access: 'operation:write',
    audit: { action: 'job.retry', resource_type: 'job' },
    params: z.strictObject({ job_id: Id }),
    returns: [204, null],
    problems: [notFound, jobNotFailed],
  },
} as const satisfies Api
