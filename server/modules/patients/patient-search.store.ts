// Every statement that finds patients: by tokens, by numbers, by ids that the name index gave, and page by page.
import type { Patient } from './patient.contract.ts'
import type { PatientToken } from './patient-tokens.ts'
import type { SealedBy } from './patient.sealing.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Actor, Reach } from '#platform/context.ts'

/** What is said of a person beside the card. */
export type PersonRow = Pick<
  Patient,
  'id' | 'patient_number' | 'gender' | 'is_active' | 'is_complete' | 'registered_date'
> & { may_open: boolean }
/** What an identity card is made of. */
export type CardRow = SealedBy & PersonRow & { sealed_card: Buffer }
/** With what verifies a hit of a token. */
export type FoundRow = CardRow & { sealed_contact: Buffer; sealed_identifiers: Buffer | null }

const wholeTokens = 200

function found(read_reach: Reach, where: Sql): Sql<FoundRow> {
  return sql`
    select p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact, p.sealed_identifiers,
           p.gender, p.is_active, p.is_complete, p.registered_date, openward.may_reach(p.id, ${read_reach}) as may_open
      from patients p join patient_keys k on k.id = p.key_id
     where p.merged_into is null and p.erased_at is null and ${where}`
}

function havingToken(tokens: readonly PatientToken[]): Sql {
  return sql`
    select t.patient_id
      from unnest(${tokens.map(({ kind }) => kind)}::text[], ${tokens.map(({ key_version }) => key_version)}::int[],
                  ${tokens.map(({ token }) => token)}::bytea[]) as wanted(kind, key_version, token)
      join patient_tokens t using (kind, key_version, token)`
}

/**
 * Of several people, whose tokens anybody has already: one row for each such token. Lateral with a limit, since a join may be
 * planned, without statistics, as one over every token there is.
 */
export function findTokenHolders(people: readonly (readonly PatientToken[])[]): Sql<{ at: number }> {
  const tokens = people.flatMap((own, index) => own.map((token) => ({ at: index + 1, ...token })))
  return sql`
    select w.at
      from unnest(${tokens.map(({ at }) => at)}::int[], ${tokens.map(({ kind }) => kind)}::text[],
                  ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])
           as w(at, kind, key_version, token)
     cross join lateral (
       select from patient_tokens t where t.kind = w.kind and t.key_version = w.key_version and t.token = w.token limit 1) as known`
}

/**
 * People who share a token or whom the name index named, by a record that was merged into theirs, too: who they are is decided
 * after opening. Of many, those first who share more than a phone or an address, which a whole home may have in common. Written
 * out, since every registration asks it. As an array the few ids are found first; joined, a plan without statistics may begin with
 * every patient.
 */
export function findLookalikes(
  tokens: readonly PatientToken[],
  ids: readonly string[],
  read_reach: Reach,
): Sql<FoundRow> {
  return sql`
    select p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact, p.sealed_identifiers,
           p.gender, p.is_active, p.is_complete, p.registered_date, openward.may_reach(p.id, ${read_reach}) as may_open
      from patients p join patient_keys k on k.id = p.key_id
     where p.merged_into is null and p.erased_at is null and p.id = any(array(
           select id from (
             select t.patient_id as id, t.kind in ('phone', 'email') as is_shared
               from unnest(${tokens.map(({ kind }) => kind)}::text[], ${tokens.map(({ key_version }) => key_version)}::int[],
                           ${tokens.map(({ token }) => token)}::bytea[]) as wanted(kind, key_version, token)
               join patient_tokens t using (kind, key_version, token)
             union all select openward.whole_record(id), false from unnest(${ids}::uuid[]) as id) as alike
            group by id order by bool_and(is_shared), count(*) desc limit 50))`
}

/** Each list of `all_of` is met by one of its tokens; the number is whole. */
export function findByExact(
  all_of: readonly (readonly PatientToken[])[],
  patient_number: string | undefined,
  read_reach: Reach,
): Sql<FoundRow> {
  // As an array the few ids are found first; joined, a plan without statistics may begin with every patient.
  const conditions = all_of.map((tokens) => sql`p.id = any(array(${havingToken(tokens)}))`)
  // The number of a record that was merged leads to the one that it is part of.
  if (patient_number !== undefined) {
    conditions.push(
      sql`p.id = any(array(select openward.whole_record(m.id) from patients m where m.patient_number = ${patient_number}))`,
    )
  }
  return sql`${found(read_reach, all(conditions))} order by p.id desc limit ${literal(wholeTokens)}`
}

export function findByIds(ids: readonly string[], read_reach: Reach): Sql<FoundRow> {
  return found(read_reach, sql`p.id = any(${ids}::uuid[])`)
}

/** Whose cards, and in the same order the `xmin` of each row of which the caller still has the card. */
export type CardsAsked = { ids: readonly string[]; row_versions: readonly (string | null)[]; read_reach: Reach }

/** Without a sealed card where the caller has it: the row is still of that version. */
export type ReadCardRow = PersonRow & { row_version: string } & (
    | { sealed_card: Buffer; key_id: string; kek_id: string; wrapped: Buffer | null }
    | { sealed_card: null; key_id: null; kek_id: null; wrapped: null }
  )

/** Of several who ask, in any order. Lateral with a limit, so that it is never planned as a join over everybody. */
export function findCards(asked: readonly CardsAsked[]): Sql<ReadCardRow & { at: number }> {
  return sql`
    select w.at, c.*, k.kek_id, k.wrapped, r.reach = 'all' or openward.may_reach(w.id, r.reach) as may_open
      from unnest(${asked.flatMap(({ ids }, index) => ids.map(() => index + 1))}::int[],
                  ${asked.flatMap(({ ids }) => ids)}::uuid[],
                  ${asked.flatMap(({ row_versions }) => row_versions)}::xid[]) as w(at, id, row_version)
     cross join lateral (select (${asked.map(({ read_reach }) => read_reach)}::text[])[w.at] as reach) as r
     cross join lateral (
       select p.id, p.patient_number, p.xmin as row_version, case when p.xmin = w.row_version then null else p.key_id end as key_id,
              case when p.xmin = w.row_version then null else p.sealed_card end as sealed_card,
              p.gender, p.is_active, p.is_complete, p.registered_date
         from patients p where p.id = w.id and p.merged_into is null and p.erased_at is null limit 1) as c
      left join lateral (select k.kek_id, k.wrapped from patient_keys k where k.id = c.key_id limit 1) as k on true`
}

/** A card, and the sealed one of the merged record that led to it. */
export type MergedCardRow = CardRow & { merged: SealedBy & Pick<CardRow, 'id' | 'patient_number' | 'sealed_card'> }

type FlatMergedCardRow = CardRow & {
  merged_id: string
  merged_number: string
  merged_key_id: string
  merged_kek_id: string
  merged_wrapped: Buffer | null
  merged_card: Buffer
}

/** Those of whom these records are part, where they are part of others. In any order. */
export function findMergedCards(ids: readonly string[], read_reach: Reach): Sql<FlatMergedCardRow> {
  return sql`
    select p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.gender, p.is_active, p.is_complete,
           p.registered_date, openward.may_reach(p.id, ${read_reach}) as may_open, m.id as merged_id, m.patient_number as merged_number,
           m.key_id as merged_key_id, mk.kek_id as merged_kek_id, mk.wrapped as merged_wrapped, m.sealed_card as merged_card
      from patients m join patient_keys mk on mk.id = m.key_id
      join patients p on p.id = openward.whole_record(m.id) join patient_keys k on k.id = p.key_id
     where m.id = any(${ids}::uuid[]) and m.merged_into is not null and p.erased_at is null`
}

export function nestMerged(row: FlatMergedCardRow): MergedCardRow {
  const { merged_id, merged_number, merged_key_id, merged_kek_id, merged_wrapped, merged_card, ...card } = row
  const key = { key_id: merged_key_id, kek_id: merged_kek_id, wrapped: merged_wrapped }
  return { ...card, merged: { id: merged_id, patient_number: merged_number, sealed_card: merged_card, ...key } }
}

export type ListFilter = { is_active: boolean; after: string | undefined; skip: number; limit: number }
export type ListRow = Omit<CardRow, 'may_open'>

/** Newest first: ids are in order of time. Whoever is scoped starts from their relationships, so that others cost nothing. */
export function listPatients(reach: Reach, actor: Actor, { is_active, after, skip, limit }: ListFilter): Sql<ListRow> {
  const page = sql`limit ${literal(limit)} offset ${skipped(skip)}`
  const columns = sql`p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.gender, p.is_active, p.is_complete, p.registered_date`
  const listed = sql`p.is_active = ${is_active} and p.merged_into is null and p.erased_at is null`
  if (reach === 'all') {
    const conditions = [listed, after === undefined ? undefined : sql`p.id < ${after}`]
    return sql`
      select ${columns} from patients p join patient_keys k on k.id = p.key_id where ${all(conditions)}
       order by p.is_active desc, p.id desc ${page}`
  }
  // `offset 0` keeps the planner from beginning with all patients.
  return sql`
    select found.* from (
        select distinct patient_id from (${reachable(reach, actor)}) as related(patient_id)
         where ${after === undefined ? sql`true` : sql`patient_id < ${after}`} order by patient_id desc offset 0) as related
      cross join lateral (
        select ${columns} from patients p join patient_keys k on k.id = p.key_id where p.id = related.patient_id and ${listed} offset 0) as found
     order by related.patient_id desc ${page}`
}

export function countPatients(reach: Reach, actor: Actor, is_active: boolean): Sql<{ total: number }> {
  // Kept by a trigger: counting a million rows for every page would cost more than the page.
  if (reach === 'all')
    return sql`select coalesce(sum(case when ${is_active} then active else inactive end), 0)::int as total from patient_counts`
  if (!is_active) {
    return sql`
      select count(*)::int as total from patients p
       where not p.is_active and p.merged_into is null and p.erased_at is null and p.id in (${reachable(reach, actor)})`
  }
  // Those who are listed are all but a few, so only the few are looked up.
  return sql`
    select (count(distinct related.patient_id)
            - (select count(*) from patients p where (not p.is_active or p.merged_into is not null or p.erased_at is not null)
                                                 and p.id in (${reachable(reach, actor)})))::int as total
      from (${reachable(reach, actor)}) as related(patient_id)`
}

/** Whose records are in reach, and the records that are part of theirs, up to a limit. */
export function findReachable(reach: Reach, actor: Actor, limit: number): Sql<{ id: string }> {
  return sql`
    with recursive part(id) as (
      select patient_id from (${reachable(reach, actor)}) as related(patient_id)
      union select m.merged_id from part join patient_merges m on m.survivor_id = part.id and m.unmerged_at is null)
    select id from part limit ${literal(limit)}`
}

/** Of these, whose records are in reach. */
export function findInReach(ids: readonly string[], read_reach: Reach): Sql<{ id: string }> {
  return sql`
    select id from patients
     where id = any(${ids}::uuid[])
       and openward.may_reach(case when merged_into is null then id else openward.whole_record(id) end, ${read_reach})`
}

/** Emergency access is left out: it opens one record and lists none. */
function reachable(reach: Reach, { department_id, doctor_id, patient_id }: Actor): Sql {
  const sources: Sql[] = []
  if (reach.includes('own') && patient_id) sources.push(sql`select ${patient_id}::uuid`)
  if (reach.includes('own') && doctor_id)
    sources.push(sql`select c.patient_id from care_relationships c where c.doctor_id = ${doctor_id}`)
  if (reach.includes('department') && department_id) {
    sources.push(sql`select c.patient_id from care_relationships c where c.department_id = ${department_id}`)
  }
  const [first, ...rest] = sources
  if (!first) return sql`select null::uuid where false`
  return rest.reduce((joined, source) => sql`${joined} union all ${source}`, first)
}
