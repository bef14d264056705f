// What the name index is filled with. Records that were merged are among it: people are found by the names that they had there.
import type { SealedCardRow } from './name-index/index.client.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'

export type IndexableRow = SealedCardRow & { version: number }

/** In the order of ids, those after one of them. */
export function listIndexable(after: string | undefined, limit: number): Sql<IndexableRow> {
  return sql`
    select p.id, p.version, p.key_id, k.kek_id, k.wrapped, p.sealed_card from patients p join patient_keys k on k.id = p.key_id
     where p.id > ${after ?? '00000000-0000-0000-0000-000000000000'} and k.wrapped is not null
     order by p.id limit ${literal(limit)}`
}

export function findIndexable(ids: readonly string[]): Sql<IndexableRow> {
  return sql`
    select p.id, p.version, p.key_id, k.kek_id, k.wrapped, p.sealed_card from patients p join patient_keys k on k.id = p.key_id
     where p.id = any(${ids}::uuid[]) and k.wrapped is not null`
}

export function countIndexable(): Sql<{ total: number }> {
  return sql`select coalesce(sum(active + inactive), 0)::int as total from patient_counts`
}
