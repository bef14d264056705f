import { lastEntries } from './erasure.store.ts'
import type { RetainedRecord, RetentionQuery } from './retention-list.contract.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

const isThere = sql`merged_into is null and erased_at is null`

const columns = sql`id as patient_id, patient_number, legal_hold, retention_ended_on`
type RetainedPage<Key> = { skip: number; limit: number; after: Key | undefined }

export function findOver({
  skip,
  limit,
  after,
}: RetainedPage<readonly [day: string, id: string]>): Sql<RetainedRecord> {
  const beyond = after && sql`(retention_ended_on, id) > (${after[0]}::date, ${after[1]}::uuid)`
  return sql`
    select ${columns} from patients where ${all([sql`retention_ended_on is not null and ${isThere}`, beyond])}
     order by retention_ended_on, id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function findHeld({ skip, limit, after }: RetainedPage<string>): Sql<RetainedRecord> {
  const beyond = after === undefined ? undefined : sql`id > ${after}`
  return sql`
    select ${columns} from patients where ${all([sql`legal_hold and ${isThere}`, beyond])}
     order by id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countRetained({ state }: Pick<RetentionQuery, 'state'>): Sql<{ total: number }> {
  const which = state === 'over' ? sql`retention_ended_on is not null` : sql`legal_hold`
  return sql`select count(*)::int as total from patients where ${which} and ${isThere}`
}

/** A record, when something last happened to it or to what was merged into it, and whether any of these is held. */
export type Judged = { id: string; created_at: string; last_entry_at: string; legal_hold: boolean }

/** The next records that have been here for so many years, in the order in which they came. */
export function findOld(
  years: number,
  after: { created_at: string; id: string } | undefined,
  most: number,
): Sql<Judged> {
  const beyond = after ? sql`and (created_at, id) > (${after.created_at}, ${after.id})` : sql``
  return sql`
    with old as materialized (
      select id, created_at from patients
       where created_at < now() - ${years} * interval '1 year' ${beyond} and ${isThere}
       order by created_at, id limit ${literal(most)}),
    part as materialized (select old.id as whole, unnest(openward.records_of(old.id)) as id from old),
    entry as materialized (${lastEntries(sql`part`)})
    select old.id, old.created_at, (select max(entry.at) from entry where entry.whole = old.id) as last_entry_at,
           (select bool_or(p.legal_hold) from part join patients p on p.id = part.id where part.whole = old.id) as legal_hold
      from old order by old.created_at, old.id`
}

export type Ended = { id: string; retention_ended_on: string | null }

/** As it was found; rows of which that was known already are left alone. */
export function saveEnded(ended: readonly Ended[]): Sql {
  return sql`
    update patients p set retention_ended_on = e.day
      from unnest(${ended.map(({ id }) => id)}::uuid[], ${ended.map((one) => one.retention_ended_on)}::date[]) as e(id, day)
     where p.id = e.id and p.retention_ended_on is distinct from e.day`
}
