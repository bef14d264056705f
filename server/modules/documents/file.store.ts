// Files on their way into the document store and out of it.
import { literal, type Sql, sql } from '#platform/database/sql.ts'

/** How long ago somebody who still receives a file has said so, at the most. */
export const silentSeconds = 30

export function insertArriving(storage_key: string): Sql {
  return sql`insert into document_files (storage_key, state) values (${storage_key}, 'arriving')`
}

export function renewArriving(storage_keys: readonly string[]): Sql {
  return sql`update document_files set seen_at = now() where storage_key = any(${storage_keys}::text[])`
}

/** No row where it was kept meanwhile, or swept away. */
export function strikeOut(storage_key: string): Sql<{ storage_key: string }> {
  return sql`delete from document_files where storage_key = ${storage_key} returning storage_key`
}

/** What is to be removed, and what was left behind, passing over what another server removes already. */
export function lockLeftovers(most: number): Sql<{ storage_key: string }> {
  return sql`
    select storage_key from document_files
     where state = 'leaving' or seen_at < now() - ${literal(silentSeconds)} * interval '1 second'
     order by seen_at limit ${literal(most)} for update skip locked`
}

export function strikeOutAll(storage_keys: readonly string[]): Sql {
  return sql`delete from document_files where storage_key = any(${storage_keys}::text[])`
}

/** Of these names those that nothing in the database knows. */
export function findUnknown(storage_keys: readonly string[]): Sql<{ storage_key: string }> {
  return sql`
    select name as storage_key from unnest(${storage_keys}::text[]) as name
     where not exists (select from documents d where d.storage_key = name) and not exists (select from document_files f where f.storage_key = name)`
}

export function findStorageKeys(after: string, most: number): Sql<{ id: string; storage_key: string }> {
  return sql`select id, storage_key from documents where id > ${after}::uuid order by id limit ${literal(most)}`
}

export function documentExists(id: string): Sql {
  return sql`select from documents where id = ${id}`
}
