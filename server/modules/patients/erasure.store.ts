import { identifier } from './merge.store.ts'
import { ownedTables } from './owned-tables.ts'
import { type Sql, sql } from '#platform/database/sql.ts'

/** The record and all that were merged into it, and in turn into those. */
export function findTreeIds(patient_id: string): Sql<{ id: string }> {
  return sql`
    with recursive tree as (
      select id from patients where id = ${patient_id}
      union all
      select p.id from tree join patient_merges m on m.survivor_id = tree.id and m.unmerged_at is null
        join patients p on p.id = m.merged_id and p.merged_into = tree.id
    )
    select id from tree order by id`
}

/**
 * A merge to be undone so that nobody who is not listed is part of the record of somebody who is, the last of its record first; with
 * all the listed of that record.
 */
export function findMixedMerge(
  listed: readonly string[],
): Sql<{ merge_id: string; survivor_id: string; merged_id: string; listed: string[] }> {
  return sql`
    with recursive up as (
      select id, merged_into from patients where id = any(${listed}::uuid[]) and erased_at is null
      union
      select p.id, p.merged_into from up join patients p on p.id = up.merged_into
    ), tree as (
      select id, id as root from up where merged_into is null
      union all
      select p.id, tree.root from tree join patient_merges m on m.survivor_id = tree.id and m.unmerged_at is null
        join patients p on p.id = m.merged_id and p.merged_into = tree.id
    ), mixed as (
      select root, array_agg(id::text) filter (where id = any(${listed}::uuid[])) as listed from tree
       group by root having not bool_and(id = any(${listed}::uuid[])) and bool_or(id = any(${listed}::uuid[]))
    )
    select m.id as merge_id, m.survivor_id, m.merged_id, mixed.listed
      from mixed join patient_merges m on m.survivor_id = mixed.root and m.unmerged_at is null
      join patients p on p.id = m.merged_id and p.merged_into = m.survivor_id
     order by m.id desc limit 1`
}

/** When something last happened to these records, as every table with an activity tells it. */
export function findLastEntry(patients: readonly string[]): Sql<{ at: string }> {
  const part = sql`(select null::uuid as whole, unnest(${patients}::uuid[]) as id) as part`
  return sql`select max(at) as at from (${lastEntries(part)}) as entries`
}

/** Every entry's instant, for each record of `part (whole, id)`, and the record that it counts for. */
export function lastEntries(part: Sql): Sql {
  const own = sql`select part.whole, greatest(p.created_at, p.updated_at) as at from ${part} join patients p on p.id = part.id`
  return ownedTables.reduce((union, { table, patient, activity, during }) => {
    if (activity === null) return union
    const column = sql`t.${identifier(activity)}`
    const at = during ? sql`greatest(${column}, upper(t.${identifier(during)}))` : column
    return sql`
      ${union} union all select part.whole, ${at} from ${part} join ${identifier(table)} t on t.${identifier(patient)} = part.id`
  }, own)
}

export function setLegalHold(patient_id: string, legal_hold: boolean): Sql {
  // `updated_at` stays: a hold is no entry of care, and must not lengthen the retention.
  return sql`update patients set legal_hold = ${legal_hold}, version = version + 1 where id = ${patient_id}`
}

/** The accounts of these people that are theirs as patients; whoever works here too keeps theirs. */
export function findPatientAccounts(patients: readonly string[]): Sql<{ user_id: string }> {
  return sql`
    select l.user_id from patients_of_users l join users on users.id = l.user_id
     where l.patient_id = any(${patients}::uuid[]) and users.role = 'patient' order by 1`
}

export type EmptyProfile = { user_id: string; key_id: string; sealed_profile: Buffer }

/** Closes an account and removes who had it: it can no longer be signed in to, and its e-mail address is free again. */
export function closeAccount({ user_id, key_id, sealed_profile }: EmptyProfile): Sql[] {
  return [
    sql`update users set is_active = false, key_id = ${key_id}, sealed_profile = ${sealed_profile}, password_hash = null, sealed_totp = null,
               mfa_enabled = false, external_subject = null, authority_version = authority_version + 1, updated_at = now(), version = version + 1
         where id = ${user_id}`,
    sql`delete from user_tokens where user_id = ${user_id}`,
    sql`delete from one_time_tokens where user_id = ${user_id}`,
    sql`delete from mails where user_id = ${user_id}`,
    sql`delete from known_devices where user_id = ${user_id}`,
    sql`delete from recovery_codes where user_id = ${user_id}`,
    // Those that have ended, too: they tell from where somebody came.
    sql`update sessions set revoked_at = coalesce(revoked_at, now()), revoke_reason = coalesce(revoke_reason, 'erased'),
               ip_address = null, user_agent = null
         where user_id = ${user_id}`,
  ]
}

/** From here on nothing that is sealed for these people can be opened again. */
export function destroyKeys(patients: readonly string[]): Sql {
  return sql`update patient_keys set wrapped = null where patient_id = any(${patients}::uuid[]) and wrapped is not null`
}

export function deleteErased(patients: readonly string[]): Sql[] {
  return ownedTables
    .filter(({ erasure }) => erasure === 'deleted')
    .map(
      ({ table, patient }) =>
        sql`delete from ${identifier(table)} where ${identifier(patient)} = any(${patients}::uuid[])`,
    )
}

/** A zero byte stands where something was sealed; it opens with no key. */
export function emptyRecords(patients: readonly string[]): Sql<{ id: string; erased_at: string; version: number }> {
  const nothing = Buffer.alloc(1)
  return sql`
    update patients
       set sealed_card = ${nothing}, sealed_contact = ${nothing}, sealed_identifiers = null, gender = 'UNKNOWN', blood_type = null,
           marital_status = null, occupation = null, preferred_language = null, photo_document_id = null, is_complete = false,
           is_active = false, erased_at = now(), updated_at = now(), version = version + 1
     where id = any(${patients}::uuid[]) returning id, erased_at, version`
}

export function findPatientByNumber(patient_number: string): Sql<{ id: string }> {
  return sql`select id from patients where patient_number = ${patient_number}`
}

/** Every record that was erased, the merged ones included. */
export function findErased(): Sql<{ id: string }> {
  return sql`select id from patients where erased_at is not null order by id`
}
