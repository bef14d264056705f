import type { Document, DocumentKind, DocumentQuery, DocumentStatus, MediaType } from './document.contract.ts'
import type { StoredKey } from './document.sealing.ts'
import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

export type StoredDocument = Omit<Document, 'title' | 'file_name' | 'sha256' | 'study'> &
  StoredKey & { storage_key: string; sealed_label: Buffer; sealed_content_key: Buffer }

const columns = sql`
  d.id, d.patient_id, d.visit_id, d.kind, d.storage_key, d.media_type, d.size_bytes::float8 as size_bytes, d.status, d.unscanned, d.threat, d.scanned_at, d.series_id,
  d.revision, d.key_id, d.sealed_label, d.sealed_content_key, d.uploaded_by, d.uploaded_at, d.version, k.kek_id, k.wrapped,
  not exists (select from documents later where later.series_id = d.series_id and later.revision > d.revision and later.deleted_at is null) as is_current`
const source = sql`documents d join patient_keys k on k.id = d.key_id`

/** Undefined for one that was deleted, too. */
export function findDocument(id: string): Sql<StoredDocument> {
  return sql`select ${columns} from ${source} where d.id = ${id} and d.deleted_at is null`
}

type Filter = Pick<DocumentQuery, 'patient_id' | 'visit_id' | 'kind' | 'status' | 'all_versions'>

function matching({ patient_id, visit_id, kind, status, all_versions }: Filter): Sql {
  return all([
    sql`d.deleted_at is null`,
    patient_id === undefined ? undefined : sql`d.patient_id = ${patient_id}`,
    visit_id === undefined ? undefined : sql`d.visit_id = ${visit_id}`,
    kind === undefined ? undefined : sql`d.kind = ${kind}`,
    status === undefined ? undefined : sql`d.status = ${status}`,
    all_versions
      ? undefined
      : sql`not exists (select from documents later where later.series_id = d.series_id and later.revision > d.revision and later.deleted_at is null)`,
  ])
}

export type Paging = { skip: number; limit: number; after: string | undefined }

export function findDocuments(filter: Filter, { skip, limit, after }: Paging): Sql<StoredDocument> {
  return sql`
    select ${columns} from ${source} where ${all([matching(filter), after === undefined ? undefined : sql`d.id < ${after}::uuid`])}
     order by d.id desc limit ${literal(limit)} offset ${skipped(after === undefined ? skip : 0)}`
}

export function countDocuments(filter: Filter): Sql<{ total: number }> {
  return countOf(sql`documents d where ${matching(filter)}`)
}

export type Used = { count: number; bytes: number }

/** What is kept of a patient, deleted documents included: their bytes lie there as well. */
export function sumOfPatient(patient_id: string): Sql<Used> {
  return sql`select count(*)::int as count, coalesce(sum(size_bytes), 0)::float8 as bytes from documents where patient_id = ${patient_id}`
}

/** What a user has added within a day, whomever it is about. */
export function sumOfUser(user_id: string): Sql<Used> {
  return sql`select count, bytes from openward.uploads_of(${user_id})`
}

/** Those who upload as one user take turns from here on, so that each is counted. */
export function lockUploads(user_id: string): Sql {
  return sql`select pg_advisory_xact_lock(hashtextextended('document uploads ' || ${user_id}, 0))`
}

export type NewDocumentRow = {
  id: string
  patient_id: string
  visit_id: string | undefined
  kind: DocumentKind
  storage_key: string
  media_type: MediaType
  size_bytes: number
  status: DocumentStatus
  unscanned: boolean
  scanned_with: string | null
  series_id: string
  revision: number
  key_id: string
  sealed_label: Buffer
  sealed_content_key: Buffer
  uploaded_by: string | undefined
}

/** Refused by documents_one_revision where somebody else has replaced the same one. */
export function insertDocument(row: NewDocumentRow): Sql {
  return sql`
    insert into documents (id, patient_id, visit_id, kind, storage_key, media_type, size_bytes, status, unscanned, scanned_with, scanned_at, series_id,
                           revision, key_id, sealed_label, sealed_content_key, uploaded_by)
    values (${row.id}, ${row.patient_id}, ${row.visit_id ?? null}, ${row.kind}, ${row.storage_key}, ${row.media_type}, ${row.size_bytes}, ${row.status}, ${row.unscanned},
            ${row.scanned_with}, case when ${row.scanned_with}::text is null then null else now() end, ${row.series_id}, ${row.revision}, ${row.key_id},
            ${row.sealed_label}, ${row.sealed_content_key}, ${row.uploaded_by ?? null})`
}

/** No row where it is deleted already, or not in this version. */
export function markDeleted(id: string, version: number | undefined, deleted_by: string | undefined): Sql {
  return sql`
    update documents set deleted_at = now(), deleted_by = ${deleted_by ?? null}, version = version + 1
     where id = ${id} and deleted_at is null and (${version ?? null}::int is null or version = ${version ?? null})`
}

/** The highest revision there is, deleted ones included: numbers are not used twice. */
export function findLastRevision(series_id: string): Sql<{ revision: number }> {
  return sql`select max(revision) as revision from documents where series_id = ${series_id}`
}

/** Whose visit it is. */
export function findVisitPatient(visit_id: string): Sql<{ patient_id: string }> {
  return sql`select patient_id from visits where id = ${visit_id}`
}

/** Every document with what opens it, the deleted ones included: their files lie there as well. */
export function findStoredAfter(after: string, most: number): Sql<StoredDocument> {
  return sql`select ${columns} from ${source} where d.id > ${after}::uuid order by d.id limit ${literal(most)}`
}
