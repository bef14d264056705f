import { all, literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Filters } from './report-filters.contract.ts'
import type { SignedRow } from '#modules/assessments'
import type { SealedBy } from '#modules/patients'

export type Between = { starts_at: string; ends_at: string }
/** `bounds`: the first instants of the stretches, in order. */
export type Stretched = Between & { bounds: readonly string[] }

export const minutes = (from: Sql, until: Sql) =>
  sql`(extract(epoch from date_trunc('minute', ${until}) - date_trunc('minute', ${from})) / 60)::bigint`

export const visitParts = [
  'visits',
  'open',
  'completed',
  'discharged',
  'left_without_being_seen',
  'cancelled',
  'ended_minutes',
] as const
export type VisitCount = { number: number; department_id: string; type: string } & Record<
  (typeof visitParts)[number],
  number
>

export function countVisits(
  { starts_at, ends_at, bounds }: Stretched,
  { doctor_id, department_id }: Pick<Filters, 'doctor_id' | 'department_id'>,
): Sql<VisitCount> {
  return sql`
    select width_bucket(v.opened_at, ${bounds}::timestamptz[]) as number, v.department_id, v.type, count(*) as visits,
           count(*) filter (where v.is_open) as open,
           count(*) filter (where v.status = 'completed') as completed, count(*) filter (where v.status = 'discharged') as discharged,
           count(*) filter (where v.status = 'left_without_being_seen') as left_without_being_seen,
           count(*) filter (where v.status = 'cancelled') as cancelled,
           coalesce(sum(${minutes(sql`v.opened_at`, sql`v.closed_at`)}) filter (where v.status in ('completed', 'discharged')), 0)::bigint as ended_minutes
      from visits v
     where ${all([
       sql`v.opened_at >= ${starts_at} and v.opened_at < ${ends_at}`,
       doctor_id === undefined ? undefined : sql`v.doctor_id = ${doctor_id}`,
       department_id === undefined ? undefined : sql`v.department_id = ${department_id}`,
     ])}
     group by 1, 2, 3 order by 1, 2, 3`
}

export const prescriptionParts = ['prescriptions', 'draft', 'signed', 'dispensed', 'cancelled', 'expired'] as const
export type PrescriptionCount = { number: number; doctor_id: string } & Record<
  (typeof prescriptionParts)[number],
  number
>

export function countPrescriptions(
  { starts_at, ends_at, bounds }: Stretched,
  { doctor_id }: Pick<Filters, 'doctor_id'>,
): Sql<PrescriptionCount> {
  const of = (status: Sql) => sql`count(*) filter (where p.status = ${status})`
  return sql`
    select width_bucket(p.created_at, ${bounds}::timestamptz[]) as number, p.doctor_id, count(*) as prescriptions,
           ${of(sql`'draft'`)} as draft, ${of(sql`'signed'`)} as signed, ${of(sql`'dispensed'`)} as dispensed,
           ${of(sql`'cancelled'`)} as cancelled, ${of(sql`'expired'`)} as expired
      from prescriptions p
     where ${all([
       sql`p.created_at >= ${starts_at} and p.created_at < ${ends_at}`,
       doctor_id === undefined ? undefined : sql`p.doctor_id = ${doctor_id}`,
     ])}
     group by 1, 2 order by 1, 2`
}

export type AuditCount = {
  number: number
  action: string
  role: string | null
  outcome: 'success' | 'denied' | 'failure'
  entries: number
}

/**
 * Ids are made in the order of time (RFC 9562, version 7), and the log has no other index on that. What was kept while the log could
 * not be written is entered later.
 */
export function countEntries(
  { starts_at, ends_at, bounds }: Stretched,
  { action, role, outcome }: Pick<Filters, 'action' | 'role' | 'outcome'>,
): Sql<AuditCount> {
  return sql`
    select width_bucket(a.timestamp, ${bounds}::timestamptz[]) as number, a.action, a.role, a.outcome, count(*) as entries
      from audit_logs a
     where ${all([
       sql`a.id >= ${firstIdAt(starts_at, -1)} and a.id < ${firstIdAt(ends_at, 31)}`,
       sql`a.timestamp >= ${starts_at} and a.timestamp < ${ends_at}`,
       action === undefined ? undefined : sql`a.action = ${action}`,
       role === undefined ? undefined : sql`a.role = ${role}`,
       outcome === undefined ? undefined : sql`a.outcome = ${outcome}`,
     ])}
     group by 1, 2, 3, 4 order by 1, 2, 3, 4`
}

/** The least id of version 7 that is made so many days after an instant; none is of a year before 1970. */
export function firstIdAt(at: string, days: number): string {
  const hex = Math.max(0, Date.parse(at) + days * 86_400_000)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

export type Glance = Record<
  | 'patients'
  | 'new_patients'
  | 'open_visits'
  | 'visits'
  | 'assigned_beds'
  | 'places_in_beds'
  | 'open_alerts'
  | 'prescriptions',
  number
>

export const living = (p: Sql) => sql`${p}.is_active and ${p}.merged_into is null and ${p}.erased_at is null`
const p = sql`p`

/** Dates of registration are local days already. */
export function findGlance({ from, to, starts_at, ends_at }: Between & { from: string; to: string }): Sql<Glance> {
  return sql`
    select (select count(*) from patients p where ${living(p)} and p.registered_date <= ${to}::date) as patients,
           (select count(*) from patients p where ${living(p)} and p.registered_date between ${from}::date and ${to}::date) as new_patients,
           (select count(*) from visits v where v.is_open) as open_visits,
           (select count(*) from visits v where v.opened_at >= ${starts_at} and v.opened_at < ${ends_at}) as visits,
           (select count(*) from resource_assignments s where s.is_bed and s.released_at is null) as assigned_beds,
           (select coalesce(sum(r.lanes), 0) from resources r where r.is_bed and r.may_hold) as places_in_beds,
           (select count(*) from assessment_alerts a where a.acknowledged_at is null) as open_alerts,
           (select count(*) from prescriptions p where p.created_at >= ${starts_at} and p.created_at < ${ends_at}) as prescriptions`
}

export type PatientToCount = SealedBy & {
  id: string
  sealed_card: Buffer
  gender: 'MALE' | 'FEMALE' | 'OTHER' | 'UNKNOWN'
  registered_date: string
}

type OfPatients = Pick<Filters, 'gender'>
const counted = (to: string, { gender }: OfPatients) =>
  all([
    sql`${living(p)} and p.registered_date <= ${to}::date`,
    gender === undefined ? undefined : sql`p.gender = ${gender}`,
  ])

export function countPatients(to: string, filters: OfPatients): Sql<{ total: number }> {
  return sql`select count(*) as total from patients p where ${counted(to, filters)}`
}

/** In the order of ids, those after one of them. */
export function listPatients(
  to: string,
  filters: OfPatients,
  after: string | undefined,
  limit: number,
): Sql<PatientToCount> {
  return sql`
    select p.id, p.gender, p.registered_date, p.sealed_card, p.key_id, k.kek_id, k.wrapped
      from patients p join patient_keys k on k.id = p.key_id
     where ${counted(to, filters)} and p.id > ${after ?? '00000000-0000-0000-0000-000000000000'}
     order by p.id limit ${literal(limit)}`
}

type OfVisits = Pick<Filters, 'doctor_id' | 'department_id'>
/** Of the visit, as it is today. */
export const ofVisit = (visit_id: Sql, { doctor_id, department_id }: OfVisits) =>
  doctor_id === undefined && department_id === undefined
    ? undefined
    : sql`exists (select from visits v where ${all([
        sql`v.id = ${visit_id}`,
        doctor_id === undefined ? undefined : sql`v.doctor_id = ${doctor_id}`,
        department_id === undefined ? undefined : sql`v.department_id = ${department_id}`,
      ])})`
const signed = ({ starts_at, ends_at }: Between, filters: OfVisits) =>
  all([sql`a.finalized_at >= ${starts_at} and a.finalized_at < ${ends_at}`, ofVisit(sql`a.visit_id`, filters)])

export function countSigned(between: Between, filters: OfVisits): Sql<{ total: number }> {
  return sql`select count(*) as total from assessments a where ${signed(between, filters)}`
}

/** The newest version of each assessment that became final within a time, in the order of ids. */
export function listSigned(
  between: Between,
  filters: OfVisits,
  after: string | undefined,
  limit: number,
): Sql<SignedRow & { assessment_id: string }> {
  return sql`
    select v.id, a.id as assessment_id, v.sealed_content, v.key_id, k.kek_id, k.wrapped
      from assessments a
      join assessment_versions v on v.assessment_id = a.id and v.number = a.current_number
      left join patient_keys k on k.id = v.key_id
     where ${signed(between, filters)} and a.id > ${after ?? '00000000-0000-0000-0000-000000000000'}
     order by a.id limit ${literal(limit)}`
}

export function countAlerts(
  { starts_at, ends_at }: Between,
  filters: OfVisits,
): Sql<{ part: string; assessments: number; flagged: number }> {
  return sql`
    select l.reason as part, count(*) as assessments, count(*) filter (where l.acknowledged_at is null) as flagged
      from assessment_alerts l join assessments a on a.id = l.assessment_id
     where ${all([sql`l.raised_at >= ${starts_at} and l.raised_at < ${ends_at}`, ofVisit(sql`a.visit_id`, filters)])}
     group by l.reason order by l.reason`
}
