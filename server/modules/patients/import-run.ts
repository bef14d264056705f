// One import: reads the file piece by piece, registers what is right in batches, reports the rest. Each batch is one
// transaction with its counts and findings, so that whatever ends the import, what it says is true.
import { randomUUIDv7 } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { type CsvRow, readCsvRows } from './import-records.ts'
import { type Earlier, isJudged, isName, judgeRows, remember, textOf } from './import-judging.ts'
import { createRowReader, readHeader, type ReadRow, type RefusedRow, refusal } from './import-reading.ts'
import type { ImportFinding } from './import.contract.ts'
import { addCounts } from './import-job.store.ts'
import {
  type Counts,
  findKnownRows,
  findKnownTokens,
  type ImportedPatient,
  insertFindings,
  insertImported,
} from './import.store.ts'
import { sealPatient } from './patient.sealing.ts'
import { certain } from '#platform/certain.ts'
import type { System } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import type { Database } from '#platform/database/transaction.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { localDay } from '#platform/local-day.ts'

const batchRows = 500
/** Rows read in one turn of the event loop, some 4 ms: requests are answered in between. */
const rowsOfOneTurn = 20

export type Import = {
  id: string
  dry_run: boolean
  created_by: string | undefined
  /** Where its rows are written and recorded under the name of whoever started it. */
  database: Database
  /** What was done of it before, by another process: it goes on behind these rows. */
  done: Counts
}

export const nothingDone: Counts = { rows_total: 0, rows_accepted: 0, rows_known: 0, rows_refused: 0 }

export type ImportProgress = Counts & { findings: ImportFinding[] }
export type ImportOptions = {
  /** After each batch, with what that batch brought. */
  onBatch?: (batch: ImportProgress) => void
  signal?: AbortSignal
}

/** An import that was told to stop: what is written stays. */
export class ImportStopped extends Error {}

/** Another process goes on with the import, which had reason to believe that this one does not. */
export class ImportTaken extends Error {}

/**
 * Imports the file; its status is the caller's to end. Gives what is done of the whole.
 * @throws Problem invalidRequest when the file has no such header, ImportStopped, ImportTaken
 */
export async function runImport(
  { keys, configuration }: Pick<System, 'keys' | 'configuration'>,
  job: Import,
  file: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { onBatch, signal }: ImportOptions = {},
): Promise<Counts> {
  const { country, timezone } = configuration
  const total = { ...job.done }
  let rows_read = 0
  /** What a dry run would have written. */
  const wouldBe: Earlier = { sources: new Map(), tokens: new Set() }
  let reader: ReturnType<typeof createRowReader> | undefined
  let writing: Promise<void> = Promise.resolve()
  for await (const rows of readCsvRows(file, batchRows)) {
    if (!reader) {
      reader = createRowReader(keys, { country, today: localDay(timezone) }, readHeader(rows[0]))
      continue
    }
    const rest = rows.slice(Math.max(0, job.done.rows_total - rows_read))
    rows_read += rows.length
    if (rest.length === 0) {
      await breathe()
      continue
    }
    const read = await readAll(reader, rest)
    // While the batch before is written. Of a file that was imported before, it is for nothing.
    const sealed = job.dry_run ? new Map<ReadRow, SealedRow>() : await sealAll(keys, country, read)
    await writing
    if (signal?.aborted) throw new ImportStopped()
    writing = writeBatch(read, sealed).then((batch) => {
      for (const name of ['rows_total', 'rows_accepted', 'rows_known', 'rows_refused'] as const)
        total[name] += batch[name]
      onBatch?.(batch)
    })
    // Its failure is met at the next turn; until then it must not pass for unhandled.
    writing.catch(() => undefined)
  }
  await writing
  if (!reader) readHeader(undefined)
  return total

  async function writeBatch(read: (ReadRow | RefusedRow)[], sealed: SealedRows): Promise<ImportProgress> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await judgeAndWrite(read, sealed)
      } catch (error) {
        // Somebody registered one of these people meanwhile: judge them again.
        const isMeanwhile = ['patient_tokens_unique_identifier', 'patient_import_rows_pkey'].includes(
          violatedConstraint(error) ?? '',
        )
        if (!isMeanwhile || attempt > 5) throw error
      }
    }
  }

  async function judgeAndWrite(read: (ReadRow | RefusedRow)[], sealed: SealedRows): Promise<ImportProgress> {
    const people = read.filter((row) => 'record' in row)
    // Tokens first: a row that another import commits between the two statements is then known, not somebody else's.
    const [knownTokens, knownRows] = await job.database.once((tx) =>
      Promise.all([
        tx.rows(findKnownTokens(people.flatMap(({ tokens }) => tokens.filter(isJudged)))),
        tx.rows(findKnownRows(people.flatMap(sourcesOf))),
      ]),
    )
    const earlier: Earlier = {
      sources: new Map(job.dry_run ? wouldBe.sources : []),
      tokens: new Set([...(job.dry_run ? wouldBe.tokens : []), ...knownTokens.map(textOf)]),
    }
    const today = new Map(
      people.flatMap((row) =>
        row.earlier_hashes.map((hash) => [hash.toString('hex'), row.source_hash.toString('hex')]),
      ),
    )
    for (const { source_hash, is_same, is_erased } of knownRows) {
      const hash = source_hash.toString('hex')
      earlier.sources.set(today.get(hash) ?? hash, is_erased ? 'erased' : is_same ? 'same' : 'other')
    }
    const { accepted, findings, rows_known } = judgeRows(read, earlier)
    const rows_accepted = accepted.length
    const rows_refused = read.length - rows_accepted - rows_known
    const counts: Counts = { rows_total: read.length, rows_accepted, rows_known, rows_refused }
    const written = job.dry_run ? [] : accepted.map((row) => ({ ...row, ...certain(sealed.get(row), 'sealed row') }))
    await write(written, counts, findings)
    if (job.dry_run) remember(wouldBe, accepted)
    return { ...counts, findings }
  }

  async function write(people: readonly ImportedPatient[], counts: Counts, findings: ImportFinding[]): Promise<void> {
    await job.database.transaction(async (tx) => {
      const counted = tx.run(addCounts(job.id, total, counts))
      const writes: Promise<unknown>[] = [counted]
      if (findings.length > 0) writes.push(tx.run(insertFindings(job.id, findings)))
      if (people.length > 0) writes.push(tx.run(insertImported(people, localDay(timezone), job.created_by)))
      for (const { id } of people) {
        tx.audit({
          action: 'patient.register',
          resource_type: 'patient',
          resource_id: id,
          patient_id: id,
          details: { import_id: job.id },
        })
      }
      if (people.length > 0) {
        tx.emit({
          type: 'patient.imported',
          subject_type: 'patient_import',
          subject_id: job.id,
          payload: { patient_ids: people.map(({ id }) => id) },
        })
      }
      await Promise.all(writes)
      if ((await counted) === 0) throw new ImportTaken()
    })
  }
}

/** A row may have been imported under an earlier key, and its person may not have a token of every index root yet. */
function sourcesOf({ source_hash, earlier_hashes, tokens }: ReadRow) {
  const names = tokens.filter(isName)
  return [source_hash, ...earlier_hashes].flatMap((hash) => names.map((name) => ({ source_hash: hash, name })))
}

type SealedRow = Pick<ImportedPatient, 'id' | 'key' | 'sealed'>
type SealedRows = ReadonlyMap<ReadRow, SealedRow>

async function sealAll(
  { keyring }: System['keys'],
  country: string,
  read: readonly (ReadRow | RefusedRow)[],
): Promise<SealedRows> {
  const sealed = new Map<ReadRow, SealedRow>()
  for (const [at, row] of read.entries()) {
    if (at % rowsOfOneTurn === rowsOfOneTurn - 1) await breathe()
    if (!('record' in row)) continue
    const id = randomUUIDv7()
    const key = newDataKey(keyring)
    sealed.set(row, { id, key, sealed: sealPatient(key, id, country, row.record) })
  }
  return sealed
}

async function readAll(
  read: ReturnType<typeof createRowReader>,
  rows: readonly CsvRow[],
): Promise<(ReadRow | RefusedRow)[]> {
  const all: (ReadRow | RefusedRow)[] = []
  for (const [at, row] of rows.entries()) {
    if (at % rowsOfOneTurn === rowsOfOneTurn - 1) await breathe()
    all.push(
      'cells' in row
        ? read(row)
        : { line: row.line, findings: [refusal(row.line, null, row.flaw.code, row.flaw.message)] },
    )
  }
  return all
}
