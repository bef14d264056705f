import { type Sql, sql } from '#platform/database/sql.ts'

export type PipelineRun = {
  number: number
  generation: number
  finished_at: string
  pipeline_run_id: string | null
  pipeline_ended_at: string | null
}

/** Of a run that has finished. */
export function findPipelineRun(id: string): Sql<PipelineRun> {
  return sql`
    select number, generation, finished_at, pipeline_run_id, pipeline_ended_at from warehouse_runs where id = ${id} and status = 'finished'`
}

export function notePipelineWaiting(id: string): Sql {
  return sql`update warehouse_runs set pipeline_status = 'waiting' where id = ${id} and pipeline_status is null`
}

export function notePipelineBegun(id: string, pipeline_run_id: string): Sql {
  return sql`
    update warehouse_runs set pipeline_status = 'running', pipeline_run_id = ${pipeline_run_id} where id = ${id} and pipeline_run_id is null`
}

export function endPipeline(id: string, status: 'succeeded' | 'failed' | 'cancelled', failure: string | null): Sql {
  return sql`
    update warehouse_runs set pipeline_status = ${status}, pipeline_failure = ${failure}, pipeline_ended_at = now()
     where id = ${id} and pipeline_ended_at is null`
}
