// Drafts as they are typed: found, and kept, in statements that requests of the same moment share.
import { type AuditEntry, insertAuditEntries } from '#platform/audit/record.ts'
import { certain } from '#platform/certain.ts'
import type { Reach } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { AssessmentKind } from './assessment-record.contract.ts'
import type { StoredKey } from './assessment.sealing.ts'

/** Whose draft is looked for: requests of one scope ask alike. */
export type Typing = { reach: Reach; department_id: string | undefined; doctor_id: string | undefined }
export type DraftInVisit = Typing & { visit_id: string; kind: AssessmentKind }
export type DraftById = Typing & { id: string }

/** With the key that seals what is written to the patient's record now. */
export type OwnDraft = StoredKey & {
  id: string
  visit_id: string
  patient_id: string
  kind: AssessmentKind
  author_id: string
  version: number
  created_at: string
}

/**
 * A draft of the asker's own, of a patient whose record may be written to for an everyday reason: none where there is anything to refuse,
 * or emergency access to be recorded as such. One after the other, by their keys: whoever is in reach is asked of none but them.
 */
const ordinary = (asked: Sql, same: Sql, { reach, department_id, doctor_id }: Typing) => sql`
  select asked.at::int, a.*, p.*
    from ${asked}
   cross join lateral (
         select a.id, a.visit_id, a.patient_id, a.kind, a.author_id, a.version, a.created_at from assessments a
          where ${same} and a.status = 'draft' and a.author_id = (select openward.setting('user_id'))::uuid limit 1) as a
   cross join lateral (
         select p.key_id, k.kek_id, k.wrapped from patients p join patient_keys k on k.id = p.key_id
          where p.id = a.patient_id and p.is_active and p.merged_into is null and p.erased_at is null limit 1) as p
   where ${!reach.includes('glass')}::boolean
      or exists (select from care_relationships c where c.patient_id = a.patient_id
                   and (c.department_id = ${department_id ?? null}::uuid or c.doctor_id = ${doctor_id ?? null}::uuid))`

export function findDraftsInVisits(asked: readonly DraftInVisit[]): Sql<OwnDraft & { at: number }> {
  const asker = certain(asked[0], 'somebody who asks')
  const visits = sql`
    unnest(${asked.map(({ visit_id }) => visit_id)}::uuid[], ${asked.map(({ kind }) => kind)}::text[]) with ordinality as asked(visit_id, kind, at)`
  return ordinary(visits, sql`a.visit_id = asked.visit_id and a.kind = asked.kind`, asker) as Sql<
    OwnDraft & { at: number }
  >
}

export function findDraftsById(asked: readonly DraftById[]): Sql<OwnDraft & { at: number }> {
  const asker = certain(asked[0], 'somebody who asks')
  const ids = sql`unnest(${asked.map(({ id }) => id)}::uuid[]) with ordinality as asked(id, at)`
  return ordinary(ids, sql`a.id = asked.id`, asker) as Sql<OwnDraft & { at: number }>
}

/** What is kept of a draft that was found so, with the entry that is written exactly if it is. */
export type Typed = Pick<OwnDraft, 'id' | 'patient_id' | 'version' | 'key_id'> & {
  sealed_draft: Buffer
  taken_at: string | null
  /** With an id of its own: of two that save one draft at once, one is kept. */
  entry: AuditEntry & { id: string }
}
export type KeptDraft = { version: number; taken_at: string; updated_at: string }

/**
 * Keeps each, or yields no row for it where it or its patient has changed since it was found, or somebody is changing the patient: nobody is
 * waited for.
 */
export function keepDrafts(drafts: readonly Typed[]): Sql<KeptDraft & { at: number }> {
  const column = <T>(pick: (draft: Typed) => T) => drafts.map(pick)
  return sql`
    with asked as materialized (
      select * from unnest(${column(({ id }) => id)}::uuid[], ${column(({ patient_id }) => patient_id)}::uuid[],
                           ${column(({ version }) => version)}::int[], ${column(({ key_id }) => key_id)}::uuid[],
                           ${column(({ sealed_draft }) => sealed_draft)}::bytea[], ${column(({ taken_at }) => taken_at)}::timestamptz[],
                           ${column(({ entry }) => entry.id)}::uuid[])
             with ordinality as a(id, patient_id, version, key_id, sealed_draft, taken_at, entry_id, at)
    ), held as materialized (
      select asked.* from asked
       cross join lateral (
             select from patients p
              where p.id = asked.patient_id and p.key_id = asked.key_id and p.is_active and p.merged_into is null and p.erased_at is null
                for no key update skip locked) as p
    ), kept as (
      update assessments a set key_id = h.key_id, sealed_draft = h.sealed_draft, taken_at = coalesce(h.taken_at, a.taken_at),
             updated_at = now(), version = a.version + 1
        from held h
       where a.id = any(array(select id from held)) and a.id = h.id and a.version = h.version and a.status = 'draft'
      returning h.at::int, h.entry_id, a.version, a.taken_at, a.updated_at
    ), audited as (
      ${insertAuditEntries(drafts.map(({ entry }) => entry))} where e.id in (select entry_id from kept)
    )
    select at, version, taken_at, updated_at from kept`
}
