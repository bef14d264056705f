// An import as a job: who runs it, how far it is, and its file until it has ended.
import type { Counts, ImportRow } from './import.store.ts'
import { importColumns } from './import.store.ts'
import type { AuditEntry } from '#platform/audit/record.ts'
import { type Sql, sql } from '#platform/database/sql.ts'

/** What its audit entries say of whoever began it; `user_id` is `created_by`. */
export type StartedBy = Pick<AuditEntry, 'role' | 'session_id' | 'ip_address' | 'user_agent' | 'correlation_id'>

export type NewImport = {
  id: string
  created_by: string | undefined
  dry_run: boolean
  /** Undefined on the command line, which nobody goes on for. */
  started_by?: StartedBy
}

export function insertImport({ id, created_by, dry_run, started_by }: NewImport): Sql<ImportRow> {
  return sql`
    insert into patient_imports (id, created_by, dry_run, status, started_by)
    values (${id}, ${created_by ?? null}, ${dry_run}, 'running', ${started_by ? JSON.stringify(started_by) : null})
    returning ${importColumns}`
}

export type Piece = { position: number; key_id: string; sealed_piece: Buffer }

export function insertPiece(import_id: string, { position, key_id, sealed_piece }: Piece): Sql {
  return sql`
    insert into patient_import_pieces (import_id, position, key_id, sealed_piece)
    values (${import_id}, ${position}, ${key_id}, ${sealed_piece})`
}

export function findPiece(import_id: string, position: number): Sql<Piece & { is_last: boolean }> {
  return sql`
    select position, key_id, sealed_piece,
           not exists (select from patient_import_pieces n where n.import_id = p.import_id and n.position > p.position) as is_last
      from patient_import_pieces p where import_id = ${import_id} and position = ${position}`
}

/** Touches nothing where another process has counted on meanwhile. */
export function addCounts(
  id: string,
  done: Counts,
  { rows_total, rows_accepted, rows_known, rows_refused }: Counts,
): Sql {
  return sql`
    update patient_imports set rows_total = rows_total + ${rows_total}, rows_accepted = rows_accepted + ${rows_accepted},
           rows_known = rows_known + ${rows_known}, rows_refused = rows_refused + ${rows_refused}, attempts = 0
     where id = ${id} and status = 'running' and rows_total = ${done.rows_total}`
}

/** Its file goes with it. A row where it was not ended before. */
export function endImport(id: string, failure: string | null): Sql<{ id: string }> {
  return sql`
    with ended as (
      update patient_imports set status = ${failure === null ? 'finished' : 'failed'}, failure = ${failure}, finished_at = now(), started_by = null
       where id = ${id} and status = 'running' returning id
    ), emptied as (
      delete from patient_import_pieces where import_id in (select id from ended)
    )
    select id from ended`
}

export function findRunningImports(): Sql<{ id: string }> {
  return sql`select id from patient_imports where status = 'running' order by id`
}

export type TakenImport = ImportRow & {
  created_by: string | null
  started_by: StartedBy | null
  attempts: number
  has_file: boolean
}

/** For who holds its lock. A dry run begins again. No row where it has ended. */
export function takeImport(id: string): Sql<TakenImport> {
  return sql`
    with taken as (
      update patient_imports set attempts = attempts + 1, rows_total = case when dry_run then 0 else rows_total end,
             rows_accepted = case when dry_run then 0 else rows_accepted end, rows_known = case when dry_run then 0 else rows_known end,
             rows_refused = case when dry_run then 0 else rows_refused end
       where id = ${id} and status = 'running'
      returning ${importColumns}, created_by, started_by, attempts
    ), begun_again as (
      delete from patient_import_findings where import_id in (select id from taken where dry_run)
    )
    select taken.*, exists (select from patient_import_pieces p where p.import_id = taken.id) as has_file from taken`
}

/** Held by the connection of the process that runs an import: whoever gets it knows that nobody does. */
export function tryLockImport(id: string): Sql<{ is_done: boolean }> {
  return sql`select pg_try_advisory_lock(hashtextextended(${`import ${id}`}, 11)) as is_done`
}

export function unlockImport(id: string): Sql<{ is_done: boolean }> {
  return sql`select pg_advisory_unlock(hashtextextended(${`import ${id}`}, 11)) as is_done`
}
