import { identifier } from './merge.store.ts'
import type { OwnedTable } from './owned-table.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { StoredDataKey } from '#platform/encryption/data-key.ts'

/** All rows of a table that are of these patients, as the database gives them; a range of time as its two ends. */
export function findOwnedRows(
  { table, patient, activity, during }: OwnedTable,
  patients: readonly string[],
): Sql<Record<string, unknown>> {
  const ends = during
    ? sql`, lower(${identifier(during)}) as starts_at, upper(${identifier(during)}) as ends_at`
    : sql``
  return sql`
    select *${ends} from ${identifier(table)} where ${identifier(patient)} = any(${patients}::uuid[])
     order by ${identifier(table === 'audit_logs' ? 'id' : (activity ?? patient))}`
}

export function findPatientKeys(patients: readonly string[]): Sql<StoredDataKey> {
  return sql`select id, kek_id, wrapped from patient_keys where patient_id = any(${patients}::uuid[]) and wrapped is not null`
}

export type NamedUser = { id: string; key_id: string; sealed_profile: Buffer }

/** Those who work here: whoever looked at a record is known to its patient by name. */
export function findStaffNames(users: readonly string[]): Sql<NamedUser> {
  return sql`select id, key_id, sealed_profile from users where id = any(${users}::uuid[]) and role <> 'patient'`
}
