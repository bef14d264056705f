import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Visit, VisitHistory, VisitQuery, VisitStatus, Waiting } from './visit.contract.ts'
import type { SealedBy } from '#modules/patients'
import type { StoredKey } from './visit.sealing.ts'

export type StoredVisit = Omit<Visit, 'chief_complaint'> & StoredKey & { sealed_chief_complaint: Buffer | null }

const plain = sql`
  v.id, v.visit_number, v.patient_id, v.appointment_id, v.doctor_id, v.department_id, v.type, v.status, v.priority, v.news2_score,
  v.opened_at, v.closed_at, v.created_by, v.updated_at, v.version`
// Without a complaint a visit names no key: the patient's current one is then the key for what is written next.
const columns = sql`${plain}, v.sealed_chief_complaint, k.id as key_id, k.kek_id, k.wrapped`
const withKey = sql`
  left join patients p on p.id = v.patient_id left join patient_keys k on k.id = case when v.key_id is null then p.key_id else v.key_id end`

export type NewVisit = Pick<Visit, 'id' | 'patient_id' | 'doctor_id' | 'department_id' | 'type' | 'priority'> & {
  key_id: string | null
  sealed_chief_complaint: Buffer | null
  created_by: string | null
  /** The hospital's local day, for the number. */
  day: string
}

/** Yields no row where the patient has an open visit in the department, or may not be visited. */
export function insertVisit(visit: NewVisit): Sql<StoredVisit> {
  return sql`
    with opened as (
      insert into visits (id, visit_number, patient_id, doctor_id, department_id, type, priority, key_id, sealed_chief_complaint, created_by)
      select ${visit.id}, openward.next_number('visit_numbers', 'VS', ${visit.day}::date), ${visit.patient_id}, ${visit.doctor_id},
             ${visit.department_id}, ${visit.type}, ${visit.priority}, ${visit.key_id}, ${visit.sealed_chief_complaint}, ${visit.created_by}::uuid
       where openward.patient_may_be_booked(${visit.patient_id})
      on conflict (patient_id, department_id) where is_open do nothing
      returning *
    ), noted as (
      insert into visit_history (visit_id, patient_id, user_id, to_status)
      select id, patient_id, created_by, status from opened
    )
    select ${plain}, v.sealed_chief_complaint, v.key_id, null as kek_id, null::bytea as wrapped from opened v`
}

/** Of someone who is found; null where there is nobody. */
export function findPatientKey(patient_id: string): Sql<StoredKey & { may_be_visited: boolean | null }> {
  return sql`
    select k.id as key_id, k.kek_id, k.wrapped, openward.patient_may_be_booked(p.id) as may_be_visited
      from patients p join patient_keys k on k.id = p.key_id where p.id = ${patient_id}`
}

export function findOpenVisit(patient_id: string, department_id: string): Sql<{ id: string }> {
  return sql`select id from visits where patient_id = ${patient_id} and department_id = ${department_id} and is_open`
}

export function findDoctor(id: string): Sql<{ id: string; department_id: string | null }> {
  return sql`select id, department_id from doctors where id = ${id} and is_active`
}

export function findVisit(id: string): Sql<StoredVisit> {
  return sql`select ${columns} from visits v ${withKey} where v.id = ${id}`
}

/** Locked by a statement before it: one that has to wait would join the key that the complaint had before. */
export function lockVisit(id: string): Sql {
  return sql`select from visits where id = ${id} for update`
}

export type VisitFilter = Omit<VisitQuery, 'skip' | 'limit' | 'cursor' | 'date' | 'from' | 'to'> & {
  opened_from?: string | undefined
  opened_before?: string | undefined
}

function matching({ patient_id, doctor_id, department_id, status, opened_from, opened_before }: VisitFilter): Sql {
  return all([
    sql`true`,
    patient_id === undefined ? undefined : sql`v.patient_id = ${patient_id}`,
    doctor_id === undefined ? undefined : sql`v.doctor_id = ${doctor_id}`,
    department_id === undefined ? undefined : sql`v.department_id = ${department_id}`,
    status === undefined ? undefined : status === 'open' ? sql`v.is_open` : sql`v.status = ${status}`,
    opened_from === undefined ? undefined : sql`v.opened_at >= ${opened_from}`,
    opened_before === undefined ? undefined : sql`v.opened_at < ${opened_before}`,
  ])
}

export type VisitPage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }

export function listVisits(filter: VisitFilter, { skip, limit, after }: VisitPage): Sql<StoredVisit> {
  const beyond = after && sql`(v.opened_at, v.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from visits v ${withKey} where ${all([matching(filter), beyond])}
     order by v.opened_at desc, v.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countVisits(filter: VisitFilter): Sql<{ total: number }> {
  return countOf(sql`visits v where ${matching(filter)}`)
}

/** Those who are not with anybody yet, or all who are here, the next one first. Their cards are read in the reach of finding people. */
export function listQueue(
  department_id: string,
  status: 'waiting' | 'open',
): Sql<Omit<Waiting, 'first_name' | 'last_name' | 'patient_number'>> {
  const asked = status === 'open' ? sql`v.is_open` : sql`v.status in ('registered', 'triaged')`
  return sql`
    select ${plain}, floor(extract(epoch from now() - v.opened_at) / 60)::int as waiting_minutes
      from visits v where v.department_id = ${department_id} and ${asked}
     order by v.priority, v.news2_score desc nulls last, v.opened_at, v.id limit 500`
}

export type CardRow = SealedBy & { id: string; patient_number: string; sealed_card: Buffer }

export function findCardsOf(patient_ids: readonly string[]): Sql<CardRow> {
  return sql`
    select p.id, p.patient_number, p.sealed_card, k.id as key_id, k.kek_id, k.wrapped
      from patients p join patient_keys k on k.id = p.key_id where p.id = any(${patient_ids}::uuid[])`
}

/** Takes the next one whom nobody else is taking at this moment. */
export function takeNext(
  department_id: string,
  from: VisitStatus,
  to: VisitStatus,
  doctor_id: string | null,
): Sql<{ id: string; from_status: VisitStatus }> {
  return sql`
    with next as (
      select id, status from visits
       where department_id = ${department_id} and status = ${from}
       order by priority, news2_score desc nulls last, opened_at, id limit 1 for update skip locked)
    update visits v set status = ${to}, doctor_id = coalesce(${doctor_id}::uuid, v.doctor_id), updated_at = now(), version = version + 1
      from next where v.id = next.id returning v.id, next.status as from_status`
}

export function updateStatus(id: string, status: VisitStatus): Sql {
  return sql`
    update visits set status = ${status}, updated_at = now(), version = version + 1,
           closed_at = case when ${status} in ('registered', 'triaged', 'in_progress', 'admitted') then null else greatest(now(), opened_at) end,
           type = case when ${status} = 'admitted' then 'inpatient' else type end
     where id = ${id}`
}

export function updateVisit(
  id: string,
  { doctor_id, type, priority }: Pick<Visit, 'doctor_id' | 'type' | 'priority'>,
  { key_id, sealed_chief_complaint }: { key_id: string | null; sealed_chief_complaint: Buffer | null },
): Sql {
  return sql`
    update visits set doctor_id = ${doctor_id}, type = ${type}, priority = ${priority}, key_id = ${key_id},
           sealed_chief_complaint = ${sealed_chief_complaint}, updated_at = now(), version = version + 1
     where id = ${id}`
}

export function insertVisitChange(change: {
  id: string
  visit_id: string
  patient_id: string
  user_id: string | null
  from_status: VisitStatus
  to_status: VisitStatus
  key_id: string | null
  sealed_reason: Buffer | null
}): Sql {
  return sql`
    insert into visit_history (id, visit_id, patient_id, user_id, from_status, to_status, key_id, sealed_reason)
    values (${change.id}, ${change.visit_id}, ${change.patient_id}, ${change.user_id}, ${change.from_status}, ${change.to_status},
            ${change.key_id}, ${change.sealed_reason})`
}

export function findObstacles(visit_id: string): Sql<{ obstacle: string; subject_id: string }> {
  return sql`select obstacle, subject_id from visit_obstacles where visit_id = ${visit_id} order by obstacle, subject_id limit 20`
}

export function hasBed(patient_id: string): Sql<{ has_bed: boolean }> {
  return sql`
    select exists (select from resource_assignments where patient_id = ${patient_id} and is_bed and released_at is null) as has_bed`
}

type ChangeRow = Omit<VisitHistory['items'][number], 'reason'> & StoredKey & { sealed_reason: Buffer | null }

export function listVisitChanges(visit_id: string): Sql<ChangeRow> {
  return sql`
    select h.id, h.timestamp, h.user_id, h.from_status, h.to_status, h.sealed_reason, k.id as key_id, k.kek_id, k.wrapped
      from visit_history h left join patient_keys k on k.id = h.key_id where h.visit_id = ${visit_id} order by h.id`
}
