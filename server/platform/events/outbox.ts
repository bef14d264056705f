// Domain events are written with the change that they tell of, and relayed after the commit.
import { type Sql, sql } from '#platform/database/sql.ts'

/** `payload` holds ids and codes, never a value of a person. */
export type DomainEvent = {
  type: string
  subject_type: string
  subject_id: string
  patient_id?: string | undefined
  payload?: Record<string, unknown>
}

export function insertEvents(events: readonly DomainEvent[]): Sql {
  return sql`
    insert into events (type, subject_type, subject_id, patient_id, payload)
    select e.* from unnest(
      ${events.map(({ type }) => type)}::text[], ${events.map(({ subject_type }) => subject_type)}::text[],
      ${events.map(({ subject_id }) => subject_id)}::uuid[], ${events.map(({ patient_id }) => patient_id ?? null)}::uuid[],
      ${events.map(({ payload }) => JSON.stringify(payload ?? {}))}::jsonb[])
      as e(type, subject_type, subject_id, patient_id, payload)`
}
