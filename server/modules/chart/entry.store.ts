// Every statement about allergies and conditions: two tables of one shape, whose rows say what they say under the patient's key.
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

export type EntryTable = 'allergies' | 'conditions'

export type EntryRow = {
  id: string
  patient_id: string
  key_id: string
  kek_id: string | null
  wrapped: Buffer | null
  sealed_entry: Buffer
  created_by: string | null
  created_at: string
  updated_at: string
  version: number
}

const named = { allergies: sql`allergies`, conditions: sql`conditions` }
const columns = sql`e.id, e.patient_id, e.key_id, k.kek_id, k.wrapped, e.sealed_entry, e.created_by, e.created_at, e.updated_at, e.version`

export type TimePage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }

export function listEntries(table: EntryTable, patient_id: string, { skip, limit, after }: TimePage): Sql<EntryRow> {
  const beyond = after && sql`(e.created_at, e.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  const conditions = [sql`e.patient_id = ${patient_id} and e.removed_at is null`, beyond]
  return sql`
    select ${columns} from ${named[table]} e join patient_keys k on k.id = e.key_id where ${all(conditions)}
     order by e.created_at desc, e.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countEntries(table: EntryTable, patient_id: string): Sql<{ total: number }> {
  return sql`
    select count(*)::int as total from ${named[table]} e where e.patient_id = ${patient_id} and e.removed_at is null`
}

/** All that is not entered in error. */
export function listEveryEntry(table: EntryTable, patient_id: string): Sql<EntryRow> {
  return sql`
    select ${columns} from ${named[table]} e join patient_keys k on k.id = e.key_id
     where e.patient_id = ${patient_id} and e.removed_at is null order by e.created_at desc, e.id desc`
}

export function findEntry(table: EntryTable, patient_id: string, id: string): Sql<EntryRow> {
  return sql`
    select ${columns} from ${named[table]} e join patient_keys k on k.id = e.key_id
     where e.id = ${id} and e.patient_id = ${patient_id} and e.removed_at is null`
}

export type WrittenEntry = { id: string; patient_id: string; key_id: string; sealed_entry: Buffer }

export function insertEntry(table: EntryTable, row: WrittenEntry, created_by: string | undefined): Sql {
  return sql`
    insert into ${named[table]} (id, patient_id, key_id, sealed_entry, created_by)
    values (${row.id}, ${row.patient_id}, ${row.key_id}, ${row.sealed_entry}, ${created_by ?? null})`
}

export function updateEntry(table: EntryTable, row: WrittenEntry): Sql {
  return sql`
    update ${named[table]} set key_id = ${row.key_id}, sealed_entry = ${row.sealed_entry}, updated_at = now(), version = version + 1
     where id = ${row.id}`
}

export function markRemoved(table: EntryTable, id: string): Sql {
  return sql`update ${named[table]} set removed_at = now(), updated_at = now(), version = version + 1 where id = ${id}`
}
