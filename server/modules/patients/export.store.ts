import { identifier } from './merge.store.ts'
import type { OwnedTable } from './owned-table.ts'
import { certain } from '#platform/certain.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { StoredDataKey } from '#platform/encryption/data-key.ts'

const idOf = ({ id }: OwnedTable): Sql => identifier(certain(id, 'id of a row that is copied'))
const orderOf = (owned: OwnedTable): Sql =>
  owned.activity === null ? idOf(owned) : sql`${identifier(owned.activity)}, ${idOf(owned)}`

/** The ids of all rows of a table that are of these patients, in order, 16 bytes each: hundreds of thousands are few megabytes. */
export function findOwnedIds(owned: OwnedTable, patients: readonly string[]): Sql<{ ids: Buffer }> {
  return sql`
    select coalesce(string_agg(uuid_send(${idOf(owned)}), ''::bytea order by ${orderOf(owned)}), ''::bytea) as ids
      from ${identifier(owned.table)} where ${identifier(owned.patient)} = any(${patients}::uuid[])`
}

/** Those of these rows that are still of these patients, as the database gives them; a range of time as its two ends. */
export function findOwnedRows(
  owned: OwnedTable,
  patients: readonly string[],
  ids: readonly string[],
): Sql<Record<string, unknown>> {
  const { table, patient, during } = owned
  const ends = during
    ? sql`, lower(${identifier(during)}) as starts_at, upper(${identifier(during)}) as ends_at`
    : sql``
  return sql`
    select *${ends} from ${identifier(table)}
     where ${idOf(owned)} = any(${ids}::uuid[]) and ${identifier(patient)} = any(${patients}::uuid[])
     order by ${orderOf(owned)}`
}

export function findPatientKeys(patients: readonly string[]): Sql<StoredDataKey> {
  return sql`select id, kek_id, wrapped from patient_keys where patient_id = any(${patients}::uuid[]) and wrapped is not null`
}

export type NamedUser = { id: string; key_id: string; sealed_profile: Buffer }

/** Those who work here: whoever looked at a record is known to its patient by name. */
export function findStaffNames(users: readonly string[]): Sql<NamedUser> {
  return sql`select id, key_id, sealed_profile from users where id = any(${users}::uuid[]) and role <> 'patient'`
}
