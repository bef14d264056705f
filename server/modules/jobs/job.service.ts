import type { z } from 'zod'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { codeOfOutput } from '#platform/jobs/failure.ts'
import { jobNotFailed, type JobOverview, type JobQuery } from './job.contract.ts'
import { countJobs, findFailedJobs, findJob, retryJob } from './job.store.ts'

export async function listJobs(ctx: Context, { name, limit }: z.output<typeof JobQuery>): Promise<JobOverview> {
  const [counts, rows] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(countJobs()), tx.rows(findFailedJobs(name, limit))]),
  )
  const failed = rows.map(({ output, ...job }) => ({ ...job, error_code: codeOfOutput(output) }))
  ctx.saw({ details: { failed: failed.length } })
  return { counts, failed }
}

/** @throws Problem notFound, jobNotFailed */
export async function retryFailedJob(ctx: Context, job_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const job = await tx.first(findJob(job_id))
    if (!job) throw new Problem(notFound)
    if (job.state !== 'failed') throw new Problem(jobNotFailed)
    await tx.run(retryJob(job_id))
    tx.audit({ action: 'job.retry', resource_type: 'job', resource_id: job_id, details: { job: job.name } })
  })
}
