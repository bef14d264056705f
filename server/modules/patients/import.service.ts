import { readCsvRows } from './import-records.ts'
import { readHeader } from './import-reading.ts'
import { type Import, ImportStopped, runImport } from './import-run.ts'
import { type ImportFinding, importRunning, type PatientImport } from './import.contract.ts'
import {
  endImport,
  findImport,
  findRunningImports,
  type ImportRow,
  insertImport,
  listFindings,
  tryLockImport,
  unlockImport,
} from './import.store.ts'
import { unattendedDatabase } from './unattended.ts'
import { certain } from '#platform/certain.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import type { Connection } from '#platform/database/connection.ts'
import type { Sql } from '#platform/database/sql.ts'
import type { AuditEntry } from '#platform/audit/record.ts'

const again = 'What was registered stays: run the same file again, and those rows are known.'
const interrupted = `The server stopped before the import was done. ${again}`
const failed = `Something went wrong on our side: your administrator finds it in the log under the id of this import. ${again}`

export type Imports = {
  /** @throws Problem invalidRequest, importRunning */
  begin(ctx: Context, file: Uint8Array, dry_run: boolean): Promise<PatientImport>
  /** Says of imports whose process is gone that they failed. */
  recover(): Promise<void>
  stop(): Promise<void>
}

/** The imports of this process, one at a time. The file stays in memory: on disk it would lie in the clear. */
export function openImports(system: System): Imports {
  const { log } = system
  let running: Promise<void> = Promise.resolve()
  let isBusy = false
  const stopping = new AbortController()

  async function run(job: Import, file: Uint8Array, lock: Connection) {
    try {
      const counts = await runImport(system, job, piecesOf(file), { signal: stopping.signal })
      // Whoever reads that it has ended may send the next file at once.
      isBusy = false
      await job.database.once(async (tx) => {
        const ended = tx.run(endImport(job.id, null))
        tx.audit(entryOf(job, { ...counts }))
        await ended
      })
    } catch (error) {
      const isStopped = error instanceof ImportStopped
      if (!isStopped) log.error({ err: error, import_id: job.id }, 'an import failed')
      isBusy = false
      await job.database
        .once((tx) => tx.run(endImport(job.id, isStopped ? interrupted : failed)))
        .catch(() => undefined)
    } finally {
      await ask(lock, unlockImport(job.id)).catch(() => undefined)
      lock.release()
    }
  }

  async function giveUp(job: Import, lock: Connection) {
    isBusy = false
    await ask(lock, unlockImport(job.id)).catch(() => undefined)
    lock.release()
  }

  return {
    async begin(ctx, file, dry_run) {
      // A file of blank lines has no header either.
      const { value: [header] = [] } = await readCsvRows([file], 1).next()
      readHeader(header)
      if (isBusy || stopping.signal.aborted) throw new Problem(importRunning, { retry_after_seconds: 10 })
      isBusy = true
      try {
        const { user_id, role, session_id } = ctx.actor
        const { ip_address, user_agent, correlation_id } = ctx
        const who = { user_id, role, session_id, ip_address, user_agent, correlation_id }
        const row = await ctx.database.once((tx) => tx.one(insertImport(user_id, dry_run)))
        const lock = await system.pool.connect()
        await ask(lock, tryLockImport(row.id))
        const job: Import = { id: row.id, dry_run, created_by: user_id, database: unattendedDatabase(system, who) }
        // Its rows refer to the import, which others see only once it has committed.
        ctx.afterwards((is_kept) => {
          const work = is_kept ? run(job, file, lock) : giveUp(job, lock)
          running = Promise.all([running, work]).then(() => undefined)
        })
        ctx.header('location', `/api/v1/patients/import/${row.id}`)
        return { ...row, report: [], next_line: null }
      } catch (error) {
        isBusy = false
        throw error
      }
    },
    async recover() {
      const database = unattendedDatabase(system, {})
      const lock = await system.pool.connect()
      try {
        for (const { id } of await database.once((tx) => tx.rows(findRunningImports()))) {
          const [held] = await ask(lock, tryLockImport(id))
          if (!held?.locked) continue
          await database.once((tx) => tx.run(endImport(id, interrupted)))
          await ask(lock, unlockImport(id))
        }
      } finally {
        lock.release()
      }
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
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
  const lock = await system.pool.connect()
  try {
    const row = await database.once((tx) => tx.one(insertImport(undefined, dry_run)))
    await ask(lock, tryLockImport(row.id))
    const job: Import = { id: row.id, dry_run, created_by: undefined, database }
    let rows = 0
    try {
      const counts = await runImport(system, job, file, {
        onBatch: (batch) => {
          for (const finding of batch.findings) onFinding(finding)
          onProgress((rows += batch.rows_total))
        },
      })
      await database.once(async (tx) => {
        const ended = tx.run(endImport(row.id, null))
        tx.audit(entryOf(job, { ...counts }))
        await ended
      })
      return { ...row, ...counts, status: 'finished' }
    } catch (error) {
      await database.once((tx) => tx.run(endImport(row.id, failed)))
      throw error
    } finally {
      await ask(lock, unlockImport(row.id)).catch(() => undefined)
    }
  } finally {
    lock.release()
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

function entryOf({ id, dry_run }: Import, counts: Record<string, number>): AuditEntry {
  return { action: 'patient.import', resource_type: 'patient_import', resource_id: id, details: { dry_run, ...counts } }
}

async function ask<Row>(connection: Connection, { text, name, values }: Sql<Row>): Promise<Row[]> {
  const { rows } = await connection.query({ text, name, values: [...values] })
  return rows as Row[]
}

const pieceBytes = 65_536

function* piecesOf(file: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < file.length; from += pieceBytes) yield file.subarray(from, from + pieceBytes)
}
