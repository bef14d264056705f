import { implement, type Route } from '#platform/http/mount.ts'
import { jobApi } from './job.contract.ts'
import { listJobs, retryFailedJob } from './job.service.ts'

export function jobRoutes(): Route[] {
  return implement('jobs', jobApi, {
    list: (ctx, { query }) => listJobs(ctx, query),
    retry: (ctx, { params }) => retryFailedJob(ctx, params.job_id),
  })
}
