// One run: reads a moment of the database, writes what it says, and counts once its manifest is there. Killed at any point and begun
// again it leaves nothing twice and nothing out: files that no manifest names are none.
import type { System } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import { openSnapshot, type Snapshot } from '#platform/database/snapshot.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'
import { sql } from '#platform/database/sql.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { newDataKey, openDataKey } from '#platform/encryption/data-key.ts'
import { StorageFull, StorageUnavailable } from '#platform/storage/failures.ts'
import type { FileTree } from '#platform/storage/tree.ts'
import { type TableName, tableNames, tables } from './columns.ts'
import { findMoment } from './dimension.store.ts'
import { calendarRows, openLocalDays } from './local-days.ts'
import { type Manifest, manifestPath, manifestText, schemaVersion, sha256Of } from './manifest.ts'
import { openPartWriter } from './part-writer.ts'
import { notePipelineWaiting } from './pipeline.store.ts'
import { planRun, type Reason } from './plan.ts'
import { openPseudonyms, type Pseudonyms } from './pseudonyms.ts'
import {
  beginRun,
  findPseudonymKey,
  findRun,
  findWarehouseId,
  finishRun,
  insertPseudonymKey,
  noteProgress,
  noteSwept,
  type StoredRun,
} from './run.store.ts'
import { readTable } from './sources.ts'
import { findStanding, type Standing, sweep } from './standing.ts'
import { pipelineWork } from './work.ts'
import { warehouseBusy, warehouseOfAnother, warehouseUnavailable } from './warehouse.contract.ts'

/** Of the session that writes the warehouse of this database. */
const exportLock = 7203441032

export type ExportOptions = {
  tree: FileTree
  signal: AbortSignal
  /** Fewer rows of a file than otherwise, for tests. */
  part_rows?: number
  /** Told of each table that is written. */
  tell?: (table: TableName, rows: number) => void
}

export function warehouseDatabase({ pool }: Pick<System, 'pool'>): Database {
  return scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('all')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'warehouse', ...entry }) },
  )
}

/** @throws Problem warehouseBusy, warehouseUnavailable, warehouseOfAnother */
export async function runExport(system: System, run_id: string, options: ExportOptions): Promise<void> {
  const snapshot = await openSnapshot(system.pool, exportLock)
  if (!snapshot) throw new Problem(warehouseBusy, { retry_after_seconds: 30 })
  try {
    await exportMoment(system, run_id, snapshot, options)
  } catch (error) {
    if (error instanceof StorageUnavailable || error instanceof StorageFull)
      throw new Problem(warehouseUnavailable, { retry_after_seconds: 30 }, error)
    throw error
  } finally {
    await snapshot.close()
  }
}

async function exportMoment(system: System, run_id: string, snapshot: Snapshot, options: ExportOptions) {
  const { tree } = options
  const database = warehouseDatabase(system)
  const pseudonyms = await openPseudonymKey(system, database)
  let standing = await findStanding(tree)
  const { warehouse_id } = await database.once((tx) => tx.one(findWarehouseId()))
  const previous = await reconcile(system, database, standing, warehouse_id)
  const run = await database.once((tx) => tx.first(beginRun(run_id, standing.runs.at(-1) ?? 0)))
  if (run) {
    const manifest = await writeRun(system, { run, snapshot, previous, pseudonyms, database, warehouse_id }, options)
    // While the lock is held nobody else writes a run, and the manifest is the first of its number.
    await snapshot.assertHeld()
    const text = manifestText(manifest)
    if (!(await tree.create(manifestPath(manifest.run), Buffer.from(text))))
      await assertSame(tree, manifestPath(manifest.run), text)
    await noteFinished(system, database, manifest, sha256Of(text))
    standing = await findStanding(tree)
  }
  const ended = await database.once((tx) => tx.first(findRun(run_id)))
  if (ended?.status !== 'finished' || ended.swept_at !== null) return
  await sweep(tree, standing)
  await database.once((tx) => tx.run(noteSwept(run_id)))
}

/** @throws Problem warehouseBusy where another run has this number */
async function assertSame(tree: FileTree, path: string, text: string): Promise<void> {
  // An upload whose answer was lost is sent again, and finds what it wrote.
  if ((await tree.read(path)).toString('utf8') !== text) throw new Problem(warehouseBusy, { retry_after_seconds: 30 })
}

type Previous = { manifest: Manifest; year: number; runs: number }

/**
 * Brings the database up to what stands there: a run whose manifest is there has finished, whatever was killed since. Undefined
 * where the next run cannot go on from it. @throws Problem warehouseOfAnother
 */
async function reconcile(
  system: Pick<System, 'configuration'>,
  database: Database,
  { manifests, newest, newest_sha256 }: Standing,
  warehouse_id: string,
): Promise<Previous | undefined> {
  if (!newest || newest_sha256 === undefined) return undefined
  if (newest.warehouse_id !== warehouse_id) throw new Problem(warehouseOfAnother)
  await noteFinished(system, database, newest, newest_sha256)
  const known = await database.once((tx) => tx.first(findRun(newest.run_id)))
  // A database that was restored to an earlier moment does not know what was exported after it.
  if (known?.manifest_sha256 !== newest_sha256) return undefined
  return { manifest: newest, year: yearOf(newest.as_of, newest.timezone), runs: manifests.length }
}

async function noteFinished(
  { configuration }: Pick<System, 'configuration'>,
  database: Database,
  manifest: Manifest,
  sha256: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const finished = await tx.first(finishRun(manifest, sha256))
    if (!finished) return
    if (configuration.warehouse.pipeline) {
      await tx.run(notePipelineWaiting(manifest.run_id))
      await enqueueJob(tx, pipelineWork, { run_id: manifest.run_id }, { key: manifest.run_id })
    }
    const rows = Object.fromEntries(Object.entries(manifest.tables).map(([name, table]) => [name, table.rows]))
    tx.audit({
      action: 'warehouse.export',
      resource_type: 'warehouse_run',
      resource_id: manifest.run_id,
      details: { reason: manifest.reason, run: manifest.run, generation: manifest.generation, rows },
    })
  })
}

type Writing = {
  run: StoredRun
  snapshot: Snapshot
  previous: Previous | undefined
  pseudonyms: Pseudonyms
  database: Database
  warehouse_id: string
}

async function writeRun(
  { configuration, keys }: System,
  { run, snapshot, previous, pseudonyms, database, warehouse_id }: Writing,
  { tree, signal, part_rows, tell = () => undefined }: ExportOptions,
): Promise<Manifest> {
  const { timezone } = configuration
  const { shift_weeks, smallest_cell } = configuration.warehouse
  const [moment] = await snapshot.rows(findMoment())
  if (!moment || run.number === null) throw new Error('a moment without a time, or a run without a number')
  const { as_of, before, ...rest } = moment
  const source = { ...rest, key_id: pseudonyms.id }
  const settings = { shift_weeks, smallest_cell }
  const year = yearOf(as_of, timezone)
  const plan = planRun({ settings, timezone, source, year, is_full_asked: run.is_full_asked }, previous)
  const isFull = plan.since === undefined
  const generation = isFull || !previous ? run.number : previous.manifest.generation
  const days = openLocalDays(timezone)
  const written: Partial<Record<TableName, Manifest['tables'][string]>> = {}
  const openParts = (name: TableName) =>
    openPartWriter({
      tree,
      table: tables[name],
      generation,
      run: run.number ?? 0,
      even_empty: isFull,
      ...(part_rows === undefined ? {} : { part_rows }),
      written: async (rows) => {
        signal.throwIfAborted()
        await database.once((tx) => tx.run(noteProgress(run.id, Object.keys(written).length, rows)))
      },
    })
  let [first, last] = [Infinity, -Infinity]
  for (const name of tableNames) {
    if (name === 'dim_date') continue
    const parts = openParts(name)
    await readTable(
      name,
      {
        snapshot,
        asked: { since: plan.since, before },
        pseudonyms,
        days,
        keyring: keys.keyring,
        shift_weeks,
        smallest_cell,
        year,
        paused: () => signal.throwIfAborted(),
      },
      async (rows) => {
        for (const { date, registered_date } of rows) {
          const day = date ?? registered_date
          if (typeof day === 'number') [first, last] = [Math.min(first, day), Math.max(last, day)]
        }
        await parts.add(rows)
      },
    )
    const ended = await parts.end()
    tell(name, ended.rows)
    written[name] = ended
  }
  const known = isFull ? null : (previous?.manifest.years ?? null)
  const found = Number.isFinite(first) ? { from: yearOfDay(first), to: yearOfDay(last) } : null
  const years = joined(known, found)
  const parts = openParts('dim_date')
  await parts.add(newYears(known, years).flatMap((of) => calendarRows(of, of)))
  written.dim_date = await parts.end()
  tell('dim_date', written.dim_date.rows)
  return {
    warehouse_id,
    schema_version: schemaVersion,
    run_id: run.id,
    run: run.number,
    generation,
    reason: plan.reason satisfies Reason,
    as_of,
    timezone,
    settings,
    source,
    years,
    tables: Object.fromEntries(tableNames.map((name) => [name, written[name] ?? { rows: 0, files: [] }])),
  }
}

type Years = Manifest['years']

function joined(one: Years, other: Years): Years {
  if (!one || !other) return one ?? other
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) }
}

function newYears(known: Years, all: Years): number[] {
  if (!all) return []
  const every = Array.from({ length: all.to - all.from + 1 }, (_, at) => all.from + at)
  return every.filter((year) => !known || year < known.from || year > known.to)
}

const yearOf = (instant: string, timezone: string) => Temporal.Instant.from(instant).toZonedDateTimeISO(timezone).year
const yearOfDay = (day: number) => Temporal.PlainDate.from('1970-01-01').add({ days: day }).year

/** Made when it is first needed; servers that need it at once agree by the unique index. @throws KeyUnavailable, IntegrityError */
async function openPseudonymKey({ keys }: Pick<System, 'keys'>, database: Database): Promise<Pseudonyms> {
  const { keyring } = keys
  const find = () => database.once((tx) => tx.first(findPseudonymKey()))
  let stored = await find()
  if (!stored) {
    const { id, kek_id, wrapped } = newDataKey(keyring)
    await database.once((tx) => tx.run(insertPseudonymKey({ id, kek_id, wrapped })))
    stored = await find()
  }
  if (!stored) throw new Error('the key of pseudonyms was not kept')
  return openPseudonyms(openDataKey(keyring, stored))
}
