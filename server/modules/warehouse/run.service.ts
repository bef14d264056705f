import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { codeOf } from '#platform/jobs/failure.ts'
import type { Run } from '#platform/jobs/job.ts'
import type { FileTree } from '#platform/storage/tree.ts'
import { tableNames } from './columns.ts'
import { type ExportOptions, runExport, warehouseDatabase } from './export.ts'
import {
  countRuns,
  failAbandoned,
  failRun,
  findDue,
  findRun,
  insertRun,
  listRuns,
  retirePseudonymKey,
  type StoredRun,
} from './run.store.ts'
import { type NewRun, type RunQuery, runUnderway, type WarehouseRun } from './warehouse.contract.ts'
import { exportWork } from './work.ts'

/** @throws Problem runUnderway */
export async function orderRun(ctx: Context, { full }: NewRun): Promise<WarehouseRun> {
  return ctx.database.transaction(async (tx) => {
    const run = await putRun(tx, full, certain(ctx.actor.user_id, 'user of whoever is signed in'))
    if (!run) throw new Problem(runUnderway)
    await enqueueJob(tx, exportWork, { run_id: run.id }, { key: run.id })
    tx.audit({ action: 'warehouse.order', resource_type: 'warehouse_run', resource_id: run.id, details: { full } })
    return shown(run)
  })
}

async function putRun(tx: Tx, isFull: boolean, created_by: string | null): Promise<StoredRun | undefined> {
  await tx.run(failAbandoned())
  return tx.first(insertRun(randomUUIDv7(), isFull, created_by))
}

export async function listWarehouseRuns(ctx: Context, query: RunQuery) {
  const after = decodeCursor(query.cursor)
  const [stored, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(listRuns(query, after)), tx.one(countRuns(query))]),
  )
  const next_cursor = stored.length === query.limit ? encodeCursor(stored.at(-1)?.id) : null
  ctx.saw({ details: { runs: stored.length } })
  return {
    items: stored.map(shown),
    total,
    page: Math.floor(query.skip / query.limit) + 1,
    limit: query.limit,
    next_cursor,
  }
}

/** @throws Problem notFound */
export async function readRun(ctx: Context, id: string): Promise<WarehouseRun> {
  const run = await ctx.database.once((tx) => tx.first(findRun(id)))
  if (!run) throw new Problem(notFound)
  return shown(run)
}

/** The job. @throws Problem warehouseBusy, warehouseUnavailable, warehouseOfAnother: it is tried again */
export async function doRun(
  system: System,
  tree: FileTree,
  run_id: string,
  { attempt, signal }: Pick<Run, 'attempt' | 'signal'>,
): Promise<void> {
  try {
    await runExport(system, run_id, { tree, signal })
  } catch (error) {
    if (attempt > exportWork.retry.limit)
      await warehouseDatabase(system).once((tx) => tx.run(failRun(run_id, codeOf(error))))
    throw error
  }
}

/**
 * Runs here and now, for the command line. `new_key`: under another key, so that nobody's pseudonym stays.
 * @throws Problem runUnderway, and as `doRun`
 */
export async function runNow(
  system: System,
  tree: FileTree,
  { full, new_key, signal, tell }: { full: boolean; new_key: boolean } & Pick<ExportOptions, 'signal' | 'tell'>,
): Promise<WarehouseRun> {
  const database = warehouseDatabase(system)
  const run = await database.transaction(async (tx) => {
    const put = await putRun(tx, full, null)
    if (!put) throw new Problem(runUnderway)
    if (new_key) {
      await tx.run(retirePseudonymKey())
      tx.audit({ action: 'warehouse.new_key', resource_type: 'key' })
    }
    tx.audit({
      action: 'warehouse.order',
      resource_type: 'warehouse_run',
      resource_id: put.id,
      details: { full, by: 'command_line' },
    })
    return put
  })
  try {
    await runExport(system, run.id, { tree, signal, ...(tell ? { tell } : {}) })
  } catch (error) {
    await database.once((tx) => tx.run(failRun(run.id, codeOf(error))))
    throw error
  }
  return shown(certain(await database.once((tx) => tx.first(findRun(run.id))), 'run that has just ended'))
}

/** Puts a run in where one is due. Returns why, or undefined. */
export async function orderWhenDue({
  pool,
  configuration,
}: System): Promise<'schedule' | 'erasure' | 'sweep' | undefined> {
  const { every_hours } = configuration.warehouse
  return warehouseDatabase({ pool }).transaction(async (tx) => {
    const { hours_since, erased_then, erased_now, is_swept, last_id } = await tx.one(findDue())
    if (!is_swept && last_id !== null) {
      // What was written before an erasure must not stay because removing it failed.
      await enqueueJob(tx, exportWork, { run_id: last_id }, { key: last_id })
      return 'sweep'
    }
    const isErased = erased_then !== null && erased_then !== erased_now
    // The schedule looks four times an hour: what was due a little later is due now.
    const isTime = every_hours !== undefined && (hours_since === null || hours_since > every_hours - 0.2)
    if (!isErased && !isTime) return undefined
    const run = await putRun(tx, false, null)
    if (!run) return undefined
    await enqueueJob(tx, exportWork, { run_id: run.id }, { key: run.id })
    const why = isErased ? 'erasure' : 'schedule'
    tx.audit({
      action: 'warehouse.order',
      resource_type: 'warehouse_run',
      resource_id: run.id,
      details: { by: why },
    })
    return why
  })
}

function shown(stored: StoredRun): WarehouseRun {
  const { manifest, is_full_asked: _, swept_at: __, ...rest } = stored
  const { pipeline_status: status, pipeline_run_id, pipeline_failure, pipeline_ended_at, ...run } = rest
  return {
    ...run,
    is_full: run.generation === null ? null : run.generation === run.number,
    pipeline:
      status === null
        ? null
        : { status, run_id: pipeline_run_id, failure: pipeline_failure, ended_at: pipeline_ended_at },
    tables_total: tableNames.length,
    tables: manifest
      ? Object.entries(manifest.tables).map(([table, { rows, files }]) => ({ table, rows, files: files.length }))
      : null,
  }
}
