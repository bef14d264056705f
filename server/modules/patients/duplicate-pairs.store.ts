// Tokens that a few people have in common, read in the order of tokens.
import { literal, type Sql, sql } from '#platform/database/sql.ts'

/** By which people are compared, in the order in which their pairs are listed: that of the alphabet. */
export const sharedKinds = ['name_birth_date', 'phone'] as const
export type SharedKind = (typeof sharedKinds)[number]

/** A token of more people than this tells nothing of two of them. */
const mostHolders = 20

/**
 * The index root by which people are compared: the oldest in use. Everybody has tokens of it, also while it is replaced, since it
 * is retired only when everybody has those of the next one.
 */
export function findComparedRoot(): Sql<{ version: number }> {
  return sql`select min(version) as version from index_roots where retired_at is null`
}

export type SharedAsked = {
  version: number
  kind: SharedKind
  /** The token from which to go on, or behind which. */
  from: Buffer
  is_included: boolean
  most_rows: number
  most_tokens: number
}

/** `until`: how far all was looked at, null for to the end. A single row without a token when there is none. */
export type SharedRow = { until: Buffer | null } & (
  | { token: Buffer; patients: string[] }
  | { token: null; patients: null }
)

/** Looks at so many rows and no more: of people without duplicates there may be a million. The last token may be cut off and is left. */
export function findSharedTokens({
  version,
  kind,
  from,
  is_included,
  most_rows,
  most_tokens,
}: SharedAsked): Sql<SharedRow> {
  const beyond = is_included ? sql`token >= ${from}` : sql`token > ${from}`
  return sql`
    with looked_at as materialized (
      select token, patient_id from patient_tokens where kind = ${kind} and key_version = ${version} and ${beyond}
       order by token, patient_id limit ${literal(most_rows)}
    ), last as (
      select max(token) as token, count(*) as rows from looked_at
    ), edge as (
      select case when l.rows = ${literal(most_rows)}
                  then coalesce((select max(t.token) from looked_at t where t.token < l.token), l.token) end as until
        from last l
    )
    select e.until, shared.token, shared.patients
      from edge e left join lateral (
        select t.token, array_agg(t.patient_id::text order by t.patient_id)::text[] as patients
          from looked_at t where e.until is null or t.token <= e.until
         group by t.token having count(*) between 2 and ${literal(mostHolders)}
         order by t.token limit ${literal(most_tokens)}) as shared on true
     order by shared.token`
}

/** The tokens of these people that a few others have, too. */
export function findSharedOf(
  patients: readonly string[],
  version: number,
): Sql<{ patient_id: string; kind: SharedKind; token: Buffer }> {
  return sql`
    select t.patient_id, t.kind, t.token from patient_tokens t
     where t.patient_id = any(${patients}::uuid[]) and t.kind = any(${sharedKinds}::text[]) and t.key_version = ${version}
       and (select count(*) from (select from patient_tokens o where o.kind = t.kind and o.key_version = t.key_version
                                     and o.token = t.token limit ${literal(mostHolders + 1)}) as holders)
           between 2 and ${literal(mostHolders)}`
}
