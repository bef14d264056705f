import { randomUUIDv7 } from 'node:crypto'
import { readCsvRows } from './import-records.ts'
import { openFile, sealFile } from './import-file.ts'
import { endImport, findRunningImports, insertImport, insertPiece, takeImport } from './import-job.store.ts'
import { type ImportLock, lockImport } from './import-lock.ts'
import { readHeader } from './import-reading.ts'
import { type Import, ImportStopped, ImportTaken, nothingDone, runImport } from './import-run.ts'
import { type ImportFinding, importRunning, type PatientImport } from './import.contract.ts'
import { type Counts, findImport, type ImportRow, listFindings } from './import.store.ts'
import { unattendedDatabase } from './unattended.ts'
import { certain } from '#platform/certain.ts'
import { conflict, notFound, outcomeUnknown, Problem, unavailable } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'

const again = 'What was registered stays: run the same file again, and those rows are known.'
const interrupted = `Whoever ran the import ended before it was done. ${again}`
const failed = `Something went wrong on our side: your administrator finds it in the log under the id of this import. ${again}`

const lookEveryMilliseconds = 5000
/** An import that nobody gets any further with, such as one that ends every process that reads its file. */
const mostAttempts = 10

export type Imports = {
  /** @throws Problem invalidRequest, importRunning */
  begin(ctx: Context, file: Uint8Array, dry_run: boolean): Promise<PatientImport>
  /** Goes on with an import that nobody runs any more, or says that it failed where its file is nowhere. */
  goOn(): Promise<void>
  /** From now on looks for such imports again and again. */
  start(): void
  /** Hands back what is running: whoever goes on begins behind the rows that are done. */
  stop(): Promise<void>
}

/** The imports of this process, one at a time. */
export function openImports(system: System): Imports {
  const { log, keys } = system
  const database = unattendedDatabase(system, {})
  let running: Promise<void> = Promise.resolve()
  let isBusy = false
  let looking: Repeated | undefined
  const stopping = new AbortController()

  async function run(job: Import, file: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, lock: ImportLock) {
    try {
      // Whoever reads that it has ended may send the next file at once.
      const counts = await runImport(system, job, file, { signal: stopping.signal }).finally(() => (isBusy = false))
      await finish(job, counts)
    } catch (error) {
      if (error instanceof ImportStopped || error instanceof ImportTaken)
        log.info({ import_id: job.id }, 'an import was handed over: another server goes on with it')
      else if (isPassing(error)) log.warn({ err: error, import_id: job.id }, 'an import waits until it can go on')
      else {
        log.error({ err: error, import_id: job.id }, 'an import failed')
        // It stays `running` where that cannot be written now, and whoever looks next takes it.
        await job.database
          .once((tx) => tx.rows(endImport(job.id, failed)))
          .catch((why: unknown) => log.warn({ err: why, import_id: job.id }, 'that it failed could not be written yet'))
      }
    } finally {
      await lock.release()
    }
  }

  function follow(work: Promise<void>) {
    running = Promise.all([running, work]).then(() => undefined)
  }

  async function take(id: string, lock: ImportLock): Promise<'running' | 'ended'> {
    const taken = await database.once((tx) => tx.first(takeImport(id)))
    if (!taken) return 'ended'
    const { created_by, started_by, attempts, has_file, dry_run } = taken
    if (!has_file || attempts > mostAttempts) {
      log.error({ import_id: id }, 'an import is given up: nobody got any further with it')
      await database.once((tx) => tx.rows(endImport(id, has_file ? failed : interrupted)))
      return 'ended'
    }
    const { rows_total, rows_accepted, rows_known, rows_refused } = taken
    const done = { rows_total, rows_accepted, rows_known, rows_refused }
    const who = { ...started_by, user_id: created_by ?? undefined }
    const job: Import = { id, dry_run, created_by: who.user_id, database: unattendedDatabase(system, who), done }
    log.info({ import_id: id, rows_done: rows_total }, 'goes on with an import that nobody ran any more')
    follow(run(job, inChunks(openFile(keys, database, id)), lock))
    return 'running'
  }

  async function goOn() {
    if (isBusy || stopping.signal.aborted) return
    for (const { id } of await database.once((tx) => tx.rows(findRunningImports()))) {
      const lock = await lockImport(system, id)
      if (!lock) continue
      let outcome: 'running' | 'ended' = 'ended'
      // One may have begun here meanwhile: this one stays for the next look, or for another server.
      if (isBusy || stopping.signal.aborted) return lock.release()
      isBusy = true
      try {
        outcome = await take(id, lock)
      } finally {
        if (outcome === 'ended') {
          isBusy = false
          await lock.release()
        }
      }
      if (outcome === 'running') return
    }
  }

  return {
    async begin(ctx, file, dry_run) {
      // A file of blank lines has no header either.
      const { value: [header] = [] } = await readCsvRows([file], 1).next()
      readHeader(header)
      if (isBusy || stopping.signal.aborted) throw new Problem(importRunning, { retry_after_seconds: 10 })
      isBusy = true
      const id = randomUUIDv7()
      let lock: ImportLock | undefined
      try {
        const { user_id, role, session_id } = ctx.actor
        const { ip_address, user_agent, correlation_id } = ctx
        const started_by = { role, session_id, ip_address, user_agent, correlation_id }
        // Before anybody can find it.
        const held = (lock = certain(await lockImport(system, id), 'lock of a new import'))
        const pieces = await sealFile(keys, id, file)
        const [row] = await ctx.database.once((tx) =>
          Promise.all([
            tx.one(insertImport({ id, created_by: user_id, dry_run, started_by })),
            ...pieces.map((piece) => tx.run(insertPiece(id, piece))),
          ]),
        )
        const own = unattendedDatabase(system, { user_id, ...started_by })
        const job: Import = { id, dry_run, created_by: user_id, database: own, done: nothingDone }
        // Its rows refer to the import, which others see only once it has committed.
        ctx.afterwards((is_kept) => {
          if (is_kept) return follow(run(job, inChunks([file]), held))
          isBusy = false
          follow(held.release())
        })
        ctx.header('location', `/api/v1/patients/import/${id}`)
        return { ...row, report: [], next_line: null }
      } catch (error) {
        isBusy = false
        await lock?.release()
        throw error
      }
    },
    goOn,
    start() {
      looking = repeat({ name: 'imports', every_ms: lookEveryMilliseconds, work: goOn, log })
    },
    async stop() {
      stopping.abort()
      await looking?.stop()
      await running
    },
  }
}

/** What another attempt may find otherwise. */
function isPassing(error: unknown): boolean {
  if (isConnectionFault(error)) return true
  return error instanceof Problem && [unavailable, outcomeUnknown, conflict].some((kind) => kind === error.kind)
}

/** With its entry. @throws ImportTaken where another process has ended it */
async function finish(job: Import, counts: Counts) {
  await job.database.transaction(async (tx) => {
    const ended = await tx.rows(endImport(job.id, null))
    if (ended.length === 0) throw new ImportTaken()
    const details = { dry_run: job.dry_run, ...counts }
    tx.audit({ action: 'patient.import', resource_type: 'patient_import', resource_id: job.id, details })
  })
}

/** The file of `openward import`, in this process and without a user. @throws Problem invalidRequest */
export async function importPatients(
  system: System,
  file: AsyncIterable<Uint8Array>,
  {
    dry_run,
    onFinding,
    onProgress,
  }: { dry_run: boolean; onFinding: (finding: ImportFinding) => void; onProgress: (rows: number) => void },
): Promise<ImportRow> {
  const database = unattendedDatabase(system, { role: 'system', correlation_id: 'command line' })
  const id = randomUUIDv7()
  // Before a server can find it, which would say that it failed.
  const lock = certain(await lockImport(system, id), 'lock of a new import')
  try {
    const row = await database.once((tx) => tx.one(insertImport({ id, created_by: undefined, dry_run })))
    const job: Import = { id, dry_run, created_by: undefined, database, done: nothingDone }
    let rows = 0
    try {
      const counts = await runImport(system, job, file, {
        onBatch: (batch) => {
          for (const finding of batch.findings) onFinding(finding)
          onProgress((rows += batch.rows_total))
        },
      })
      await finish(job, counts)
      return { ...row, ...counts, status: 'finished' }
    } catch (error) {
      await database.once((tx) => tx.rows(endImport(id, failed)))
      throw error
    }
  } finally {
    await lock.release()
  }
}

/** @throws Problem notFound */
export async function readImport(
  ctx: Context,
  import_id: string,
  from_line: number,
  limit: number,
): Promise<PatientImport> {
  const [row, found] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findImport(import_id)), tx.rows(listFindings(import_id, from_line, limit + 1))]),
  )
  if (!row) throw new Problem(notFound)
  // A line is never parted between two pages: its findings come again with the next one.
  const beyond = found.length > limit ? certain(found.at(-1), 'last finding').line : null
  const report = beyond === null ? found : found.filter(({ line }) => line < beyond)
  return report.length === 0 && beyond !== null
    ? { ...row, report: found.slice(0, limit), next_line: beyond + 1 }
    : { ...row, report, next_line: beyond }
}

const chunkBytes = 65_536

/** The same however it was kept, so that it is read the same each time. */
async function* inChunks(file: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of file)
    for (let from = 0; from < piece.length; from += chunkBytes) yield piece.subarray(from, from + chunkBytes)
}
