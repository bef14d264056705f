import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { TimePage } from './entry.store.ts'
import type { Note, NoteDraft } from './note.contract.ts'

type Key = { key_id: string; kek_id: string | null; wrapped: Buffer | null }
export type StoredNote = Key &
  Pick<
    Note,
    'id' | 'visit_id' | 'patient_id' | 'kind' | 'status' | 'author_id' | 'created_at' | 'updated_at' | 'version'
  > & {
    sealed_draft: Buffer | null
    current_number: number
  }
export type StoredVersion = Key & {
  id: string
  note_id: string
  number: number
  sealed_note: Buffer
  signed_by: string
  signed_at: string
}

const columns = sql`n.id, n.visit_id, n.patient_id, n.kind, n.status, n.author_id, n.created_at, n.updated_at, n.version, n.sealed_draft,
  n.current_number, n.key_id, k.kek_id, k.wrapped`
const source = sql`clinical_notes n join patient_keys k on k.id = n.key_id`

/** A draft is its author's alone. */
const seenBy = (user_id: string | undefined) => sql`(n.status <> 'draft' or n.author_id = ${user_id ?? null}::uuid)`

export function findPatientOfVisit(visit_id: string): Sql<{ patient_id: string | null }> {
  return sql`select openward.patient_of_visit(${visit_id}::uuid) as patient_id`
}

export function findNote(id: string, user_id: string | undefined): Sql<StoredNote> {
  return sql`select ${columns} from ${source} where n.id = ${id} and ${seenBy(user_id)}`
}

/** Read by `findNote` afterwards, in a statement that sees what was waited for. */
export function lockNote(id: string): Sql {
  return sql`select from clinical_notes where id = ${id} for update`
}

export function listNotes(
  visit_id: string,
  user_id: string | undefined,
  { skip, limit, after }: TimePage,
): Sql<StoredNote> {
  const beyond = after && sql`(n.created_at, n.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from ${source} where ${all([sql`n.visit_id = ${visit_id}`, seenBy(user_id), beyond])}
     order by n.created_at desc, n.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countNotes(visit_id: string, user_id: string | undefined): Sql<{ total: number }> {
  return sql`select count(*)::int as total from clinical_notes n where n.visit_id = ${visit_id} and ${seenBy(user_id)}`
}

export function listOwnDrafts(user_id: string | undefined): Sql<NoteDraft> {
  return sql`
    select n.id, n.visit_id, n.patient_id, n.kind, n.updated_at from clinical_notes n
     where n.author_id = ${user_id ?? null}::uuid and n.status = 'draft' order by n.id limit 100`
}

export function listVersions(note_ids: readonly string[]): Sql<StoredVersion> {
  return sql`
    select v.id, v.note_id, v.number, v.sealed_note, v.signed_by, v.signed_at, v.key_id, k.kek_id, k.wrapped
      from clinical_note_versions v join patient_keys k on k.id = v.key_id
     where v.note_id = any(${note_ids}::uuid[]) order by v.note_id, v.number`
}

export type NewNote = Pick<Note, 'id' | 'visit_id' | 'patient_id' | 'kind' | 'author_id'> & {
  key_id: string
  sealed_draft: Buffer
}

export function insertNote(row: NewNote): Sql {
  return sql`
    insert into clinical_notes (id, visit_id, patient_id, kind, author_id, key_id, sealed_draft)
    values (${row.id}, ${row.visit_id}, ${row.patient_id}, ${row.kind}, ${row.author_id}, ${row.key_id}, ${row.sealed_draft})`
}

export function updateNoteDraft(id: string, key_id: string, sealed_draft: Buffer): Sql {
  return sql`
    update clinical_notes set key_id = ${key_id}, sealed_draft = ${sealed_draft}, updated_at = now(), version = version + 1
     where id = ${id} and status = 'draft'`
}

export function updateSignedNote(id: string): Sql {
  return sql`
    update clinical_notes
       set status = 'signed', sealed_draft = null, current_number = 1, signed_at = now(), updated_at = now(), version = version + 1
     where id = ${id} and status = 'draft'`
}

export function updateAmended(id: string): Sql {
  return sql`
    update clinical_notes set status = 'amended', current_number = current_number + 1, updated_at = now(), version = version + 1
     where id = ${id} and status <> 'draft'`
}

export type NewVersion = Pick<StoredVersion, 'id' | 'note_id' | 'number' | 'sealed_note' | 'signed_by' | 'key_id'> & {
  patient_id: string
}

export function insertVersion(row: NewVersion): Sql {
  return sql`
    insert into clinical_note_versions (id, note_id, patient_id, number, key_id, sealed_note, signed_by)
    values (${row.id}, ${row.note_id}, ${row.patient_id}, ${row.number}, ${row.key_id}, ${row.sealed_note}, ${row.signed_by})`
}
