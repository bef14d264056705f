import type { SealedBy } from './patient.sealing.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { exportLinkMinutes } from './export.contract.ts'

/** A server that dies while it sends gives the turn back after this. */
const longestExportMinutes = 5

export type ExportRow = Partial<SealedBy> & {
  id: string
  patient_id: string
  sealed_recipient: Buffer | null
  is_spent: boolean
}
type Sealed = { key_id: string; sealed_recipient: Buffer }

/** What the user was given before and needs no more goes with it. */
export function insertExport(
  { id, patient_id, user_id }: { id: string; patient_id: string; user_id: string },
  sealed?: Sealed,
): Sql<{ id: string; expires_at: string }> {
  return sql`
    with old as (
      delete from patient_exports where user_id = ${user_id} and created_at < now() - interval '1 day' and running_until is null)
    insert into patient_exports (id, patient_id, user_id, expires_at, key_id, sealed_recipient)
    values (${id}, ${patient_id}, ${user_id}, now() + ${literal(exportLinkMinutes)} * interval '1 minute', ${sealed?.key_id ?? null}, ${sealed?.sealed_recipient ?? null})
    returning id, expires_at`
}

export function findExport(id: string, user_id: string): Sql<ExportRow> {
  return sql`
    select e.id, e.patient_id, e.key_id, k.kek_id, k.wrapped, e.sealed_recipient,
           e.used_at is not null or e.expires_at <= now() as is_spent
      from patient_exports e left join patient_keys k on k.id = e.key_id
     where e.id = ${id} and e.user_id = ${user_id} for no key update of e`
}

/** Those of one user take turns to begin. */
export function queueExports(user_id: string): Sql {
  return sql`select pg_advisory_xact_lock(hashtextextended('patient export ' || ${user_id}, 0))`
}

export function countRunning(user_id: string): Sql<{ count: number }> {
  return sql`select count(*)::int as count from patient_exports where user_id = ${user_id} and running_until > now()`
}

export function beginExport(id: string): Sql {
  return sql`update patient_exports set running_until = now() + ${literal(longestExportMinutes)} * interval '1 minute' where id = ${id}`
}

export function spendExport(id: string): Sql {
  return sql`update patient_exports set used_at = now() where id = ${id} and used_at is null`
}

export function endExport(id: string): Sql {
  return sql`update patient_exports set running_until = null where id = ${id}`
}
