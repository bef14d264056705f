import type { TimelineSource } from '#modules/patients'
import { all, literal, type Sql, sql } from '#platform/database/sql.ts'

export type TimelineRow = {
  id: string
  at: string
  type: string | null
  status: string | null
  by: string | null
  sealed: Buffer | null
  key_id: string | null
  kek_id: string | null
  wrapped: Buffer | null
}

export type TimelinePage = { limit: number; after: readonly [at: string, id: string] | undefined }

const nothing = sql`null::text`
const nobody = sql`null::uuid`

/**
 * For the rest of the transaction. PostgreSQL expects few entries of anybody, would read all of them and sort: of somebody who has
 * come for decades that is every entry of theirs, and whether each may be seen, for one page.
 */
export const inOrderOfIndexes = sql`
  select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`

/** The newest of one source, in the order of the timeline. Every piece of text is declared by a module. */
export function findEntries(
  source: TimelineSource,
  patient_id: string,
  { limit, after }: TimelinePage,
): Sql<TimelineRow> {
  const { table, at, where, status = nothing, type = nothing, by = nobody, sealed } = source
  const beyond = after && sql`(${at}, t.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  const keyed = sealed
    ? sql`t.${columnOf(sealed.column)} as sealed, k.id as key_id, k.kek_id, k.wrapped from ${table} t left join patient_keys k on k.id = t.key_id`
    : sql`null::bytea as sealed, null::uuid as key_id, null::text as kek_id, null::bytea as wrapped from ${table} t`
  return sql`
    select t.id, ${at} as at, ${type} as type, ${status} as status, ${by} as by, ${keyed}
     where ${all([sql`t.patient_id = ${patient_id}`, where, beyond])}
     order by ${at} desc, t.id desc limit ${literal(limit)}`
}

/** A declared name as text of a statement; never what somebody sent. */
function columnOf(name: string): Sql {
  if (!/^[a-z_]+$/.test(name)) throw new RangeError('only declared names stand in the text of a statement')
  return { text: name, name: '', values: [], strings: [name] }
}
