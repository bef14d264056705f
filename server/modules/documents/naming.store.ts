import type { DocumentStatus } from './document.contract.ts'
import type { Reach } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'

/** Held until the transaction ends: nobody deletes one, and the scanner judges none anew. One that is being judged is waited for. */
export function lockReadable(
  patient_id: string,
  ids: readonly string[],
  reach: Reach,
): Sql<{ id: string; status: DocumentStatus }> {
  return sql`
    select d.id, d.status from documents d
     where d.id = any(${ids}::uuid[]) and d.patient_id = ${patient_id} and d.deleted_at is null
       and openward.may_reach(d.patient_id, ${reach})
     order by d.id for share`
}

/** One that is named already may be deleted by now; the name stays. */
export function insertNames(assessment_id: string, ids: readonly string[]): Sql {
  return sql`
    insert into assessment_documents (assessment_id, document_id) select ${assessment_id}, id from unnest(${ids}::uuid[]) as id
    on conflict do nothing`
}

export function deleteNames(assessment_id: string, but: readonly string[]): Sql {
  return sql`delete from assessment_documents where assessment_id = ${assessment_id} and document_id <> all(${but}::uuid[])`
}

export function findNaming(document_id: string): Sql<{ assessment_id: string }> {
  return sql`select assessment_id from assessment_documents where document_id = ${document_id} limit 1`
}
