import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { WatchedRecord } from './watched-record.contract.ts'

type TimePage = { skip: number; limit: number; after: readonly [at: string, patient_id: string] | undefined }

export function findWatched({ skip, limit, after }: TimePage): Sql<WatchedRecord> {
  const beyond = after && sql`(w.watched_since, w.patient_id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select w.patient_id, p.patient_number, w.watched_since, w.watched_by
      from watched_records w join patients p on p.id = w.patient_id where ${all([beyond])}
     order by w.watched_since desc, w.patient_id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countWatched(): Sql<{ total: number }> {
  return sql`select count(*)::int as total from watched_records`
}

export function findRecord(patient_id: string): Sql<{ id: string }> {
  return sql`select id from patients where id = ${patient_id} and erased_at is null for key share`
}

export function insertWatched(patient_id: string, watched_by: string): Sql {
  return sql`
    insert into watched_records (patient_id, watched_by) values (${patient_id}, ${watched_by}) on conflict (patient_id) do nothing`
}

export function deleteWatched(patient_id: string): Sql {
  return sql`delete from watched_records where patient_id = ${patient_id}`
}
