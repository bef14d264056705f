import type { OwnedTable } from './owned-table.ts'
import { followingTables } from './owned-tables.ts'
import type { PatientToken } from './patient-tokens.ts'
import type { PatientRow } from './patient.store.ts'
import type { MergeList } from './merge.contract.ts'
import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'

/** A name of this program as text of a statement; never what somebody sent. */
export function identifier(name: string): Sql {
  if (!/^[a-z_]+$/.test(name)) throw new RangeError('only declared names stand in the text of a statement')
  return { text: name, name: '', values: [], strings: [name] }
}

export type RecordRow = PatientRow & { legal_hold: boolean }

const recordColumns = sql`
  p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact, p.sealed_identifiers, p.gender, p.blood_type,
  p.marital_status, p.occupation, p.preferred_language, p.photo_document_id, p.is_complete, p.is_active, p.legal_hold, p.merged_into,
  p.erased_at, p.registered_date, p.created_at, p.updated_at, p.created_by, p.version`

/**
 * The records, locked in the order of their ids: whoever locks several waits for others and never deadlocks. Read by a statement of
 * its own, which sees the keys as they are by then.
 */
export async function lockRecords(tx: Tx, ids: readonly string[]): Promise<RecordRow[]> {
  const [, rows] = await Promise.all([
    tx.run(sql`select from patients where id = any(${ids}::uuid[]) order by id for update`),
    tx.rows(sql<RecordRow>`
      select ${recordColumns} from patients p join patient_keys k on k.id = p.key_id where p.id = any(${ids}::uuid[]) order by p.id`),
  ])
  return rows
}

/** Each record with all that were merged into it, and in turn into those; `root` says into which it came. */
export function findMergedTrees(roots: readonly string[]): Sql<RecordRow & { root: string }> {
  return sql`
    with recursive tree as (
      select id, id as root from patients where id = any(${roots}::uuid[])
      union all
      select p.id, tree.root from tree join patient_merges m on m.survivor_id = tree.id and m.unmerged_at is null
        join patients p on p.id = m.merged_id and p.merged_into = tree.id
    )
    select tree.root, ${recordColumns} from tree join patients p on p.id = tree.id join patient_keys k on k.id = p.key_id`
}

/** Whether other records are part of this one. */
export function hasMerged(patient_id: string): Sql<{ has_merged: boolean }> {
  return sql`select exists (select from patient_merges where survivor_id = ${patient_id} and unmerged_at is null) as has_merged`
}

export type RowVersion = { id: string; version: number | null }

const versionOf = ({ versioned }: OwnedTable) => (versioned ? sql`version` : sql`null::int as version`)

/** The rows of a table that can become the survivor's. */
export function findMovable(owned: OwnedTable, merged: string, survivor: string): Sql<RowVersion> {
  const { unique_with } = owned
  const same = unique_with?.map((column) => sql`s.${identifier(column)} is not distinct from m.${identifier(column)}`)
  return sql`
    select ${identifier(owned.id ?? '')} as id, ${versionOf(owned)} from ${identifier(owned.table)} m
     where m.patient_id = ${merged} and ${same ? sql`not exists (select from ${identifier(owned.table)} s where s.patient_id = ${survivor} and ${all(same)})` : sql`true`}
     order by 1`
}

/** `origin`: the row that this one accompanies. */
export function findRows(owned: OwnedTable, patient_id: string): Sql<RowVersion & { origin: string | null }> {
  const origin = owned.accompanies === undefined ? sql`null::uuid` : identifier(owned.accompanies)
  return sql`
    select ${identifier(owned.id ?? '')} as id, ${versionOf(owned)}, ${origin} as origin
      from ${identifier(owned.table)} where patient_id = ${patient_id} order by 1`
}

export function findExisting({ table, id }: OwnedTable, ids: readonly string[]): Sql<{ id: string }> {
  return sql`select ${identifier(id ?? '')} as id from ${identifier(table)} where ${identifier(id ?? '')} = any(${ids}::uuid[])`
}

export function moveRows(owned: OwnedTable, ids: readonly string[], from: string, to: string): Sql<RowVersion> {
  const id = identifier(owned.id ?? '')
  return sql`
    update ${identifier(owned.table)} set patient_id = ${to}
     where ${id} = any(${ids}::uuid[]) and patient_id = ${from} returning ${id} as id, ${versionOf(owned)}`
}

/** Rows that only one of a patient's may be, and another already is; among those that are about to become `patient_id`'s. */
export function demoteRows(
  { table, single }: OwnedTable,
  ids: readonly string[],
  patient_id: string,
): Sql<{ id: string }> {
  const column = identifier(single ?? '')
  return sql`
    update ${identifier(table)} set ${column} = false
     where id = any(${ids}::uuid[]) and ${column}
       and exists (select from ${identifier(table)} other where other.patient_id = ${patient_id} and other.${column}) returning id`
}

export function promoteRows({ table, single }: OwnedTable, ids: readonly string[], patient_id: string): Sql {
  const column = identifier(single ?? '')
  return sql`
    update ${identifier(table)} set ${column} = true
     where id = any(${ids}::uuid[]) and patient_id = ${patient_id}
       and not exists (select from ${identifier(table)} other where other.patient_id = ${patient_id} and other.${column})`
}

/** Rows of tables that follow go where the rows that they belong to are. */
export function alignFollowers(patients: readonly string[]): Sql[] {
  return followingTables.map(
    ({ table, parent }) => sql`
      update ${identifier(table)} f set patient_id = p.patient_id from ${identifier(parent.table)} p
       where p.id = f.${identifier(parent.column)} and f.patient_id <> p.patient_id
         and f.patient_id = any(${patients}::uuid[]) and p.patient_id = any(${patients}::uuid[])`,
  )
}

export function countFollowers(
  table: string,
  parent: { table: string; column: string },
  patient_id: string,
): Sql<{ rows: number }> {
  return sql`
    select count(*)::int as rows from ${identifier(table)} f join ${identifier(parent.table)} p on p.id = f.${identifier(parent.column)}
     where p.patient_id = ${patient_id}`
}

export function moveAccompanying(
  { table, accompanies }: OwnedTable,
  origins: readonly string[],
  from: string,
  to: string,
): Sql {
  return sql`
    update ${identifier(table)} set patient_id = ${to}
     where patient_id = ${from} and ${identifier(accompanies ?? '')} = any(${origins}::uuid[])`
}

export function findOverlappingAppointments(one: string, other: string): Sql<{ one: string; other: string }> {
  return sql`
    select a.id as one, b.id as other from appointments a join appointments b on b.during && a.during
     where a.patient_id = ${one} and b.patient_id = ${other}
       and a.status not in ('cancelled', 'no_show') and b.status not in ('cancelled', 'no_show') order by 1, 2`
}

/** Where a patient may be in one place only. */
export function findBeds(patients: readonly string[]): Sql<{ id: string }> {
  return sql`
    select id from resource_assignments where patient_id = any(${patients}::uuid[]) and is_bed and released_at is null order by id`
}

/** Of each department, whoever is there twice. */
export function findOpenVisits(one: string, other: string): Sql<{ one: string; other: string }> {
  return sql`
    select a.id as one, b.id as other from visits a join visits b on b.department_id = a.department_id and b.is_open
     where a.patient_id = ${one} and b.patient_id = ${other} and a.is_open order by 1`
}

export function findPrimaryContacts(patients: readonly string[]): Sql<{ id: string }> {
  return sql`select id from emergency_contacts where patient_id = any(${patients}::uuid[]) and is_primary order by id`
}

export function findAccounts(patients: readonly string[]): Sql<{ user_id: string; patient_id: string }> {
  return sql`select user_id, patient_id from patients_of_users where patient_id = any(${patients}::uuid[]) order by user_id`
}

/** Whose record an account opens is part of its owner's rights: what servers still believe of it is refused from now on. */
export function renewRights(patients: readonly string[]): Sql {
  return sql`
    update users set authority_version = authority_version + 1
     where id in (select user_id from patients_of_users where patient_id = any(${patients}::uuid[]))`
}

export function markMerged(merged: string, survivor: string): Sql {
  return sql`update patients set merged_into = ${survivor}, is_active = false, updated_at = now(), version = version + 1 where id = ${merged}`
}

/** The record as it was, its version included: nothing could change it meanwhile. */
export function markUnmerged(id: string, { is_active, updated_at, version }: MergedBefore): Sql {
  return sql`
    update patients set merged_into = null, is_active = ${is_active}, updated_at = ${updated_at}, version = ${version} where id = ${id}`
}

export type MergedBefore = Pick<PatientRow, 'is_active' | 'updated_at' | 'version'>

/** What a merge did to one table. `had`: the survivor's rows before. A version is null where it is not known. */
export type TableJournal = { moved: RowVersion[]; had: RowVersion[]; demoted: string[] }
export type Journal = {
  merged: MergedBefore
  /** Not known of merges before this was written down. */
  survivor?: { version: number }
  tables: Record<string, TableJournal>
  /** After the merge was undone: rows that were written while the records were one and that nobody has assigned yet. */
  undecided?: { table: string; id: string }[]
}

export type MergeRow = MergeList['items'][number] & { journal: Journal }

export function insertMerge(
  survivor: string,
  merged: string,
  journal: Journal,
  by: string | undefined,
): Sql<{ id: string }> {
  return sql`
    insert into patient_merges (survivor_id, merged_id, journal, merged_by)
    values (${survivor}, ${merged}, ${JSON.stringify(journal)}, ${by}) returning id`
}

export function findMerge(merge_id: string, survivor: string): Sql<MergeRow> {
  return sql`
    select id as merge_id, survivor_id, merged_id, merged_at, merged_by, unmerged_at, unmerged_by, journal
      from patient_merges where id = ${merge_id} and survivor_id = ${survivor}`
}

/** Whether there is such a record within reach. */
export function isThere(patient_id: string): Sql<{ is_there: boolean }> {
  return sql`select exists (select from patients where id = ${patient_id}) as is_there`
}

export function listMerges(patient_id: string): Sql<MergeRow> {
  return sql`
    select id as merge_id, survivor_id, merged_id, merged_at, merged_by, unmerged_at, unmerged_by
      from patient_merges where survivor_id = ${patient_id} or merged_id = ${patient_id} order by id desc limit 100`
}

/** Ids that other merges, not undone, brought to this survivor. */
export function findOtherMoved(merge_id: string, survivor: string): Sql<{ tables: Journal['tables'] }> {
  return sql`
    select journal -> 'tables' as tables from patient_merges
     where survivor_id = ${survivor} and id <> ${merge_id} and unmerged_at is null`
}

export function updateMerge(merge_id: string, journal: Journal, by: string | undefined): Sql {
  return sql`
    update patient_merges
       set journal = ${JSON.stringify(journal)}, unmerged_at = coalesce(unmerged_at, now()), unmerged_by = coalesce(unmerged_by, ${by})
     where id = ${merge_id}`
}

export type ForeignRow = {
  id: string
  patient_id: string
  key_id: string
  kek_id: string
  wrapped: Buffer | null
} & Record<string, unknown>

/** Rows sealed under a key that is not of the patient whose they are. */
export function findForeignSealed(
  table: string,
  sealed: readonly string[],
  patients: readonly string[],
): Sql<ForeignRow> {
  const columns = sealed.reduce(
    (list, column) => sql`${list}, t.${identifier(column)}`,
    sql`t.id, t.patient_id, t.key_id`,
  )
  return sql`
    select ${columns}, k.kek_id, k.wrapped from ${identifier(table)} t join patient_keys k on k.id = t.key_id
     where t.patient_id = any(${patients}::uuid[]) and k.patient_id <> t.patient_id`
}

export function updateSealed(table: string, id: string, key_id: string, columns: Record<string, Buffer | null>): Sql {
  const set = Object.entries(columns).reduce(
    (list, [column, value]) => sql`${list}, ${identifier(column)} = ${value}`,
    sql`key_id = ${key_id}`,
  )
  return sql`update ${identifier(table)} set ${set} where id = ${id}`
}

/** Tokens that both have are kept once. */
export function moveTokens(from: string, to: string): Sql[] {
  return [
    sql`delete from patient_tokens m using patient_tokens s
         where m.patient_id = ${from} and s.patient_id = ${to} and (m.kind, m.key_version, m.token) = (s.kind, s.key_version, s.token)`,
    sql`update patient_tokens set patient_id = ${to} where patient_id = ${from}`,
  ]
}

export function replaceTokens(
  tokens: readonly (PatientToken & { patient_id: string })[],
  patients: readonly string[],
): Sql[] {
  return [
    sql`delete from patient_tokens where patient_id = any(${patients}::uuid[])`,
    sql`
      insert into patient_tokens (patient_id, kind, key_version, token)
      select * from unnest(${tokens.map(({ patient_id }) => patient_id)}::uuid[], ${tokens.map(({ kind }) => kind)}::text[],
                           ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])`,
  ]
}
