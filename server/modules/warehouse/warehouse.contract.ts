// The warehouse: runs that write what happened here as a star schema in Parquet, without saying of whom.
import { z } from 'zod'
import { Id, Instant, ListOf, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const runUnderway = defineProblem(
  'warehouse_run_underway',
  409,
  'The warehouse is being written already: ask GET /api/v1/warehouse/runs how far it is, and order again when it is done',
)
export const warehouseBusy = defineProblem(
  'warehouse_busy',
  503,
  'Another process writes the warehouse: it is tried again when that one is done',
)
export const warehouseUnavailable = defineProblem(
  'warehouse_unavailable',
  503,
  'The place of the warehouse cannot be used: check WAREHOUSE_URL and what this server may do there; it is tried again',
)
export const warehouseOfAnother = defineProblem(
  'warehouse_of_another',
  409,
  'Another installation writes its warehouse there: give this one a place of its own with WAREHOUSE_URL',
)

export const pipelineUnavailable = defineProblem(
  'warehouse_pipeline_unavailable',
  503,
  'Azure Data Factory does not answer, or refuses: check AZURE_DATA_FACTORY_PIPELINE and what this server may do there; it is tried again',
)

export const RunStatus = z.enum(['waiting', 'running', 'finished', 'failed'])
export const RunReason = z
  .enum(['changes', 'first', 'asked', 'schema', 'settings', 'key', 'history', 'erasure', 'new_year', 'many_runs'])
  .describe('`changes`: what has changed since the run before; every other reason is why all was written anew')

export const TableCount = z.object({ table: z.string(), rows: z.int(), files: z.int() })

export const WarehouseRun = z.object({
  id: Id,
  status: RunStatus,
  is_full: z.boolean().nullable().describe('Whether all was written anew; null until that is known'),
  reason: RunReason.nullable(),
  number: z.int().nullable().describe('In the names of files: runs that were finished are in this order'),
  generation: z.int().nullable().describe('The number of the full run that it adds to, or its own'),
  as_of: Instant.nullable().describe('Of which moment everything in it is'),
  tables_done: z.int().describe('Of tables_total, while it runs'),
  tables_total: z.int(),
  rows_written: z.int(),
  tables: z.array(TableCount).nullable().describe('Null until it is finished'),
  manifest_sha256: z.string().nullable(),
  failure: z.string().nullable().describe('A code; the log of the server says more'),
  pipeline: z
    .object({
      status: z.enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled']),
      run_id: z.string().nullable().describe('Of Azure Data Factory'),
      failure: z.string().nullable().describe('A code'),
      ended_at: Instant.nullable(),
    })
    .nullable()
    .describe('What takes the run on from there; null where nothing is configured to'),
  created_by: Id.nullable().describe('Null: by the schedule or the command line'),
  created_at: Instant,
  started_at: Instant.nullable(),
  finished_at: Instant.nullable(),
})
export type WarehouseRun = z.output<typeof WarehouseRun>

export const NewRun = z.strictObject({
  full: z.boolean().default(false).describe('Write all anew, not only what has changed'),
})
export type NewRun = z.output<typeof NewRun>

export const RunQuery = z.strictObject({ ...Page, status: RunStatus.optional() })
export type RunQuery = z.output<typeof RunQuery>

const read = 'warehouse:read'

export const warehouseApi = {
  create: {
    method: 'POST',
    path: '/api/v1/warehouse/runs',
    summary: 'Write the warehouse',
    description:
      'What has changed since the last run, or everything where that is needed or asked for. One run at a time. docs/warehouse.md tells what is written.',
    access: 'warehouse:export',
    audit: { action: 'warehouse.order', resource_type: 'warehouse_run' },
    body: NewRun,
    returns: [202, WarehouseRun],
    problems: [runUnderway],
    example: { full: false },
  },
  list: {
    method: 'GET',
    path: '/api/v1/warehouse/runs',
    summary: 'Runs of the warehouse, newest first',
    access: read,
    audit: { action: 'warehouse.list', resource_type: 'warehouse_run' },
    query: RunQuery,
    returns: [200, ListOf(WarehouseRun)],
    problems: [],
  },
  read: {
    method: 'GET',
    path: '/api/v1/warehouse/runs/{run_id}',
    summary: 'How far a run is, and what it wrote',
    access: read,
    audit: 'none',
    params: z.strictObject({ run_id: Id }),
    returns: [200, WarehouseRun],
    problems: [notFound],
    background: true,
  },
} as const satisfies Api
