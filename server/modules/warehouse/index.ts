// The warehouse: what happened here as a star schema in Parquet, with pseudonyms in place of people, for whoever analyses it elsewhere.
import type { Module } from '#platform/module.ts'
import { openTracedTree } from '#platform/tracing/traced-tree.ts'
import { openPipeline } from './pipeline.ts'
import { followPipeline } from './pipeline.service.ts'
import { doRun, orderWhenDue } from './run.service.ts'
import { warehouseRoutes } from './warehouse.routes.ts'
import { dueSchedule, exportWork, pipelineWork } from './work.ts'

export { runNow } from './run.service.ts'
export { type Verdict, verifyStanding } from './standing.ts'
export { duckdbStatements, synapseStatements } from './views.ts'

export const warehouse: Module = {
  name: 'warehouse',
  async open(system, jobs) {
    const { place, is_placed, pipeline: address } = system.configuration.warehouse
    const tree = openTracedTree(place, system.tracing)
    jobs.work(exportWork, ({ run_id }, run) => doRun(system, tree, run_id, run))
    if (address) {
      const pipeline = openPipeline(address)
      jobs.work(pipelineWork, ({ run_id }, run) => followPipeline(system, pipeline, run_id, run))
    }
    jobs.schedule(dueSchedule, () => orderWhenDue(system))
    return { routes: warehouseRoutes(), ...(is_placed ? { checks: { warehouse: () => tree.check() } } : {}) }
  },
}
