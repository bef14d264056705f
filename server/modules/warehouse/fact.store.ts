import { all, literal, type Sql, sql } from '#platform/database/sql.ts'
import type { SignedRow } from '#modules/assessments'

/** Which rows: all, or those that were written since a moment; a page of them, in the order of their ids. */
export type Asked = {
  /** A number of `row_xid`. */
  since: number | undefined
  /** The first transaction that the moment does not see. */
  before: number
  after: string | undefined
  limit: number
}
/** Ids of a person are null where the person was erased; `moved_by` then still says whose dates move together. */
export type OfPatient = { id: string; patient_id: string | null; moved_by: string }

const firstId = '00000000-0000-0000-0000-000000000000'
const microseconds = (at: Sql) => sql`(extract(epoch from ${at}) * 1000000)::bigint`
const ofPatient = (patient: Sql) =>
  sql`case when p.erased_at is null then ${patient} end as patient_id, ${patient} as moved_by`
/** To the minute, as figures count. */
const minutes = (from: Sql, until: Sql) =>
  sql`(extract(epoch from date_trunc('minute', ${until}) - date_trunc('minute', ${from})) / 60)::bigint`

export function isAsked(row: Sql, { since, before }: Pick<Asked, 'since' | 'before'>): Sql | undefined {
  return since === undefined ? undefined : sql`openward.row_xid(${row}.xmin, ${before}::bigint) >= ${since}::bigint`
}

function page(row: Sql, asked: Asked, ...conditions: (Sql | undefined)[]): Sql {
  return sql`${all([sql`${row}.id > ${asked.after ?? firstId}`, isAsked(row, asked), ...conditions])}
     order by ${row}.id limit ${literal(asked.limit)}`
}

export type AppointmentFact = OfPatient & {
  doctor_id: string
  starts_at: number
  ends_at: number
  duration_minutes: number
  status: string
  kind: string
  priority: string
  lead_minutes: number
  is_overbooked: boolean
}
/** A time that is only held is no appointment yet. */
export function listAppointments(asked: Asked): Sql<AppointmentFact> {
  return sql`
    select a.id, ${ofPatient(sql`a.patient_id`)}, a.doctor_id, ${microseconds(sql`a.starts_at`)} as starts_at,
           ${microseconds(sql`a.ends_at`)} as ends_at, (extract(epoch from a.ends_at - a.starts_at) / 60)::integer as duration_minutes,
           a.status, a.kind, a.priority,
           greatest(floor(extract(epoch from a.starts_at - a.created_at) / 60), 0)::bigint as lead_minutes, a.lane > 0 as is_overbooked
      from appointments a join patients p on p.id = a.patient_id
     where ${page(sql`a`, asked, sql`a.status <> 'held'`)}`
}

export type VisitFact = OfPatient & {
  doctor_id: string | null
  department_id: string
  appointment_id: string | null
  opened_at: number
  closed_at: number | null
  type: string
  status: string
  priority: number
  is_open: boolean
  ended_minutes: number | null
  news2_score: number | null
}
export function listVisits(asked: Asked): Sql<VisitFact> {
  return sql`
    select v.id, ${ofPatient(sql`v.patient_id`)}, v.doctor_id, v.department_id, v.appointment_id, ${microseconds(sql`v.opened_at`)} as opened_at,
           ${microseconds(sql`v.closed_at`)} as closed_at, v.type, v.status, v.priority, v.is_open,
           case when v.status in ('completed', 'discharged') then ${minutes(sql`v.opened_at`, sql`v.closed_at`)} end as ended_minutes,
           v.news2_score
      from visits v join patients p on p.id = v.patient_id
     where ${page(sql`v`, asked)}`
}

export type AssessmentFact = OfPatient &
  Omit<SignedRow, 'id'> & {
    version_id: string
    visit_id: string
    taken_at: number
    finalized_at: number
    is_amended: boolean
  }
/** The newest version of what was signed for good. */
export function listNursing(asked: Asked): Sql<AssessmentFact> {
  return sql`
    select a.id, ${ofPatient(sql`a.patient_id`)}, s.id as version_id, a.visit_id, ${microseconds(sql`a.taken_at`)} as taken_at,
           ${microseconds(sql`a.finalized_at`)} as finalized_at, a.status = 'amended' as is_amended,
           s.sealed_content, s.key_id, k.kek_id, k.wrapped
      from assessments a
      join assessment_versions s on s.assessment_id = a.id and s.number = a.current_number
      left join patient_keys k on k.id = s.key_id
      join patients p on p.id = a.patient_id
     where ${page(sql`a`, asked, sql`a.kind = 'nursing' and a.finalized_at is not null`)}`
}

export type AssignmentFact = OfPatient & {
  resource_id: string
  resource_type: string
  resource_code: string
  ward: string | null
  lane: number
  is_bed: boolean
  assigned_at: number
  expected_release_at: number | null
  released_at: number | null
  assigned_minutes: number | null
  moved_from_id: string | null
}
/** The ward is the one in which it stood when it was given. */
export function listAssignments(asked: Asked): Sql<AssignmentFact> {
  return sql`
    select s.id, ${ofPatient(sql`s.patient_id`)}, s.resource_id, r.type as resource_type, r.code as resource_code,
           openward.ward_of_resource(s.resource_id, s.assigned_at) as ward, s.lane, s.is_bed, ${microseconds(sql`s.assigned_at`)} as assigned_at,
           ${microseconds(sql`s.expected_release_at`)} as expected_release_at, ${microseconds(sql`s.released_at`)} as released_at,
           ${minutes(sql`s.assigned_at`, sql`s.released_at`)} as assigned_minutes, s.moved_from_id
      from resource_assignments s join resources r on r.id = s.resource_id join patients p on p.id = s.patient_id
     where ${page(sql`s`, asked)}`
}

export type PrescriptionFact = OfPatient & {
  key_id: string
  kek_id: string | null
  wrapped: Buffer | null
  sealed_content: Buffer
  doctor_id: string
  visit_id: string | null
  appointment_id: string | null
  begun_at: number
  status: string
  signed_at: number | null
  dispensed_at: number | null
  cancelled_at: number | null
  replaces_id: string | null
}
export function listPrescriptions(asked: Asked): Sql<PrescriptionFact> {
  return sql`
    select r.id, ${ofPatient(sql`r.patient_id`)}, r.sealed_content, r.key_id, k.kek_id, k.wrapped, r.doctor_id, r.visit_id, r.appointment_id,
           ${microseconds(sql`r.created_at`)} as begun_at, r.status, ${microseconds(sql`r.signed_at`)} as signed_at,
           ${microseconds(sql`r.dispensed_at`)} as dispensed_at, ${microseconds(sql`r.cancelled_at`)} as cancelled_at, r.replaces_id
      from prescriptions r join patients p on p.id = r.patient_id left join patient_keys k on k.id = r.key_id
     where ${page(sql`r`, asked)}`
}

export type AlertFact = OfPatient & {
  visit_id: string
  assessment_id: string
  raised_at: number
  reason: string
  acknowledged_at: number | null
}
export function listAlerts(asked: Asked): Sql<AlertFact> {
  return sql`
    select l.id, ${ofPatient(sql`l.patient_id`)}, a.visit_id, l.assessment_id, ${microseconds(sql`l.raised_at`)} as raised_at, l.reason,
           ${microseconds(sql`l.acknowledged_at`)} as acknowledged_at
      from assessment_alerts l join assessments a on a.id = l.assessment_id join patients p on p.id = l.patient_id
     where ${page(sql`l`, asked)}`
}

export type DocumentFact = OfPatient & {
  visit_id: string | null
  uploaded_at: number
  kind: string
  status: string
  deleted_at: number | null
}
export function listDocuments(asked: Asked): Sql<DocumentFact> {
  return sql`
    select d.id, ${ofPatient(sql`d.patient_id`)}, d.visit_id, ${microseconds(sql`d.uploaded_at`)} as uploaded_at, d.kind, d.status,
           ${microseconds(sql`d.deleted_at`)} as deleted_at
      from documents d join patients p on p.id = d.patient_id
     where ${page(sql`d`, asked)}`
}
