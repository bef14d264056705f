import type { System } from '#platform/context.ts'
import { codeOf } from '#platform/jobs/failure.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import type { Run } from '#platform/jobs/job.ts'
import { warehouseDatabase } from './export.ts'
import { manifestPath } from './manifest.ts'
import type { Pipeline } from './pipeline.ts'
import { endPipeline, findPipelineRun, notePipelineBegun } from './pipeline.store.ts'
import { pipelineWork } from './work.ts'

/** Between two looks at a pipeline that runs. */
const lookSeconds = 30

/**
 * Begins the pipeline of a finished run, or looks how far it is, and comes again until it has ended. One whose beginning nobody
 * noted is looked for there before another is begun. @throws Problem pipelineUnavailable: it is tried again
 */
export async function followPipeline(
  system: System,
  pipeline: Pipeline,
  run_id: string,
  { attempt }: Pick<Run, 'attempt'>,
): Promise<void> {
  const database = warehouseDatabase(system)
  const run = await database.once((tx) => tx.first(findPipelineRun(run_id)))
  if (!run || run.pipeline_ended_at !== null) return
  try {
    let id = run.pipeline_run_id
    if (id === null) {
      const { generation, number } = run
      id =
        (await pipeline.find(run_id, run.finished_at)) ??
        (await pipeline.begin({ openward_run_id: run_id, generation, run: number, manifest: manifestPath(number) }))
      const begun = id
      await database.once((tx) => tx.run(notePipelineBegun(run_id, begun)))
    }
    const status = await pipeline.statusOf(id)
    await database.transaction(async (tx) => {
      if (status === 'running') {
        const after = Temporal.Now.instant().add({ seconds: lookSeconds }).toString()
        await enqueueJob(tx, pipelineWork, { run_id }, { after, key: run_id })
        return
      }
      await tx.run(endPipeline(run_id, status, status === 'succeeded' ? null : `pipeline_${status}`))
      tx.audit({
        action: 'warehouse.pipeline',
        resource_type: 'warehouse_run',
        resource_id: run_id,
        outcome: status === 'succeeded' ? 'success' : 'failure',
        details: { status },
      })
    })
    if (status !== 'running' && status !== 'succeeded')
      system.log.error({ run_id, status }, 'the pipeline behind the warehouse did not succeed')
  } catch (error) {
    if (attempt > pipelineWork.retry.limit)
      await database.once((tx) => tx.run(endPipeline(run_id, 'failed', codeOf(error))))
    throw error
  }
}
