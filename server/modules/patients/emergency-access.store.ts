// Every statement about emergency access and about who saw a record.
import { isToldToPatient } from './disclosure.store.ts'
import type { EmergencyAccess, ReviewedAccess, SeenBy } from './emergency-access.contract.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

export const accessMinutes = 60

type NewAccess = { id: string; patient_id: string; user_id: string; key_id: string; sealed_reason: Buffer }

export function insertEmergencyAccess({
  id,
  patient_id,
  user_id,
  key_id,
  sealed_reason,
}: NewAccess): Sql<EmergencyAccess> {
  return sql`
    insert into emergency_accesses (id, patient_id, user_id, key_id, sealed_reason, expires_at)
    values (${id}, ${patient_id}, ${user_id}, ${key_id}, ${sealed_reason}, now() + ${accessMinutes} * interval '1 minute')
    returning id, patient_id, created_at, expires_at`
}

/** The sealed profile of whoever acted, to show a name. */
export type ByUser = { user_id: string; profile_key_id: string; sealed_profile: Buffer }

export type AccessRow = Omit<ReviewedAccess, 'reason' | 'user_name'> &
  ByUser & { key_id: string; kek_id: string; wrapped: Buffer | null; sealed_reason: Buffer }

const columns = sql`e.id, e.patient_id, p.patient_number, e.user_id, u.key_id as profile_key_id, u.sealed_profile, e.created_at, e.expires_at,
                    e.reviewed_at, e.reviewed_by, e.review_verdict, e.key_id, k.kek_id, k.wrapped, e.sealed_reason`
const source = sql`emergency_accesses e join patients p on p.id = e.patient_id join patient_keys k on k.id = e.key_id join users u on u.id = e.user_id`

type Page = { skip: number; limit: number; after: string | undefined }

export function listEmergencyAccesses(reviewed: boolean | undefined, { skip, limit, after }: Page): Sql<AccessRow> {
  const conditions = [isReviewed(reviewed), after === undefined ? undefined : sql`e.id < ${after}`]
  return sql`select ${columns} from ${source} where ${all(conditions)} order by e.id desc limit ${literal(limit)} offset ${skipped(skip)}`
}

export function countEmergencyAccesses(reviewed: boolean | undefined): Sql<{ total: number }> {
  return sql`select count(*)::int as total from emergency_accesses e where ${all([isReviewed(reviewed)])}`
}

export function findEmergencyAccess(id: string): Sql<AccessRow> {
  return sql`select ${columns} from ${source} where e.id = ${id}`
}

/** Nothing when it has been reviewed already. */
export function reviewEmergencyAccess(id: string, user_id: string, verdict: 'justified' | 'not_justified'): Sql {
  return sql`
    update emergency_accesses set reviewed_at = now(), reviewed_by = ${user_id}, review_verdict = ${verdict}
     where id = ${id} and reviewed_at is null`
}

function isReviewed(reviewed: boolean | undefined): Sql | undefined {
  if (reviewed === undefined) return undefined
  return reviewed ? sql`e.reviewed_at is not null` : sql`e.reviewed_at is null`
}

export type SeenRow = Omit<SeenBy, 'user_name' | 'user_id'> & { [K in keyof ByUser]: ByUser[K] | null }

/** Entries never move: those of records that are part of this one are read where they are. */
function logOf(patient_id: string): Sql {
  return sql`openward.records_of(${patient_id})`
}

/** `own`: what the patient is not told yet is left out. */
export function listSeenBy(patient_id: string, own: boolean, { skip, limit, after }: Page): Sql<SeenRow> {
  const conditions = [
    sql`a.patient_id = any(${logOf(patient_id)})`,
    own ? isToldToPatient : undefined,
    after === undefined ? undefined : sql`a.id < ${after}`,
  ]
  return sql`
    select a.id, a.timestamp, a.user_id, u.key_id as profile_key_id, u.sealed_profile, a.role, a.action, a.resource_type, a.resource_id,
           a.outcome, a.purpose
      from audit_logs a left join users u on u.id = a.user_id
     where ${all(conditions)} order by a.id desc limit ${literal(limit)} offset ${skipped(skip)}`
}

export function countSeenBy(patient_id: string, own: boolean): Sql<{ total: number; is_there: boolean }> {
  const where = all([sql`patient_id = any(${logOf(patient_id)})`, own ? isToldToPatient : undefined])
  return sql`
    select (select count(*)::int from audit_logs where ${where}) as total,
           exists (select from patients where id = ${patient_id}) as is_there`
}
