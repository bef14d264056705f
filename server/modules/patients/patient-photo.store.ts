import type { Reach } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'

export type PhotoDocument = { media_type: string; status: string; unscanned: boolean }

/** A document of the patient that the caller may read, or has added. */
export function findPhotoDocument(
  patient_id: string,
  document_id: string,
  { reach, user_id }: { reach: Reach; user_id: string | undefined },
): Sql<PhotoDocument> {
  return sql`
    select d.media_type, d.status, d.unscanned from documents d
     where d.id = ${document_id} and d.patient_id = ${patient_id} and d.deleted_at is null
       and (d.uploaded_by = ${user_id ?? null}::uuid or openward.may_reach(d.patient_id, ${reach}))`
}
