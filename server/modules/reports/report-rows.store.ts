import type { FoundRow, RowsAsked } from '#modules/analytics'
import { all, literal, type Sql, sql } from '#platform/database/sql.ts'
import type { SignedRow } from '#modules/assessments'
import type { Filters } from './report-filters.contract.ts'
import {
  type Between,
  firstIdAt,
  living,
  minutes,
  ofVisit,
  type PatientToCount,
  type prescriptionParts,
  type visitParts,
} from './report.store.ts'

const nobody = sql`null::uuid`
const maybe = <T>(value: T | undefined, condition: (value: T) => Sql) =>
  value === undefined ? undefined : condition(value)

type Columns = { at: Sql; value?: Sql; part?: Sql; doctor_id?: Sql; department_id?: Sql; resource_id?: Sql }
const rowsOf = (from: Sql, { at, value, part, doctor_id, department_id, resource_id }: Columns, where: Sql) =>
  sql<FoundRow>`
    select t.id, ${at} as at, ${value ?? sql`1`} as value, ${part ?? sql`null::text`} as part, ${doctor_id ?? nobody} as doctor_id,
           ${department_id ?? nobody} as department_id, ${resource_id ?? nobody} as resource_id
      from ${from} where ${where}`

const within = (at: Sql, { starts_at, ends_at }: Between) => sql`${at} >= ${starts_at} and ${at} < ${ends_at}`

const visit = {
  at: sql`t.opened_at`,
  part: sql`t.status`,
  doctor_id: sql`t.doctor_id`,
  department_id: sql`t.department_id`,
}

export function visitRows(
  figure: (typeof visitParts)[number],
  between: Between,
  filters: Pick<Filters, 'doctor_id' | 'department_id'> & { visit_type?: string | undefined },
): Sql<FoundRow> {
  const isCounted =
    figure === 'visits'
      ? undefined
      : figure === 'open'
        ? sql`t.is_open`
        : figure === 'ended_minutes'
          ? sql`t.status in ('completed', 'discharged')`
          : sql`t.status = ${figure}`
  return rowsOf(
    sql`visits t`,
    { ...visit, ...(figure === 'ended_minutes' && { value: minutes(sql`t.opened_at`, sql`t.closed_at`) }) },
    all([
      within(sql`t.opened_at`, between),
      isCounted,
      maybe(filters.doctor_id, (id) => sql`t.doctor_id = ${id}`),
      maybe(filters.department_id, (id) => sql`t.department_id = ${id}`),
      maybe(filters.visit_type, (type) => sql`t.type = ${type}`),
    ]),
  )
}

export function openVisitRows(): Sql<FoundRow> {
  return rowsOf(sql`visits t`, visit, sql`t.is_open`)
}

export function prescriptionRows(
  figure: (typeof prescriptionParts)[number],
  between: Between,
  { doctor_id }: Pick<Filters, 'doctor_id'>,
): Sql<FoundRow> {
  return rowsOf(
    sql`prescriptions t`,
    { at: sql`t.created_at`, part: sql`t.status`, doctor_id: sql`t.doctor_id` },
    all([
      within(sql`t.created_at`, between),
      figure === 'prescriptions' ? undefined : sql`t.status = ${figure}`,
      maybe(doctor_id, (id) => sql`t.doctor_id = ${id}`),
    ]),
  )
}

export function entryRows(
  between: Between,
  { action, role, outcome }: Pick<Filters, 'action' | 'role' | 'outcome'>,
): Sql<FoundRow> {
  return rowsOf(
    sql`audit_logs t`,
    { at: sql`t.timestamp`, part: sql`t.action` },
    all([
      sql`t.id >= ${firstIdAt(between.starts_at, -1)} and t.id < ${firstIdAt(between.ends_at, 31)}`,
      within(sql`t.timestamp`, between),
      maybe(action, (name) => sql`t.action = ${name}`),
      maybe(role, (name) => (name === '' ? sql`t.role is null` : sql`t.role = ${name}`)),
      maybe(outcome, (name) => sql`t.outcome = ${name}`),
    ]),
  )
}

/** Stays in beds that have not ended. */
export function bedStayRows(): Sql<FoundRow> {
  return rowsOf(
    sql`resource_assignments t`,
    { at: sql`t.assigned_at`, resource_id: sql`t.resource_id` },
    sql`t.is_bed and t.released_at is null`,
  )
}

/** Beds with as many places as they have lanes. */
export function bedRows(): Sql<FoundRow> {
  return rowsOf(
    sql`resources t`,
    {
      at: sql`t.created_at`,
      value: sql`t.lanes`,
      part: sql`t.type`,
      department_id: sql`t.department_id`,
      resource_id: sql`t.id`,
    },
    sql`t.is_bed and t.may_hold`,
  )
}

export function alertRows(
  figure: 'assessments' | 'flagged',
  /** Undefined: whenever they were raised. */
  between: Between | undefined,
  { part, ...filters }: Pick<Filters, 'doctor_id' | 'department_id'> & { part?: string | undefined },
): Sql<FoundRow> {
  return rowsOf(
    sql`assessment_alerts t join assessments a on a.id = t.assessment_id`,
    { at: sql`t.raised_at`, part: sql`t.reason` },
    all([
      between && within(sql`t.raised_at`, between),
      figure === 'flagged' ? sql`t.acknowledged_at is null` : undefined,
      maybe(part, (reason) => sql`t.reason = ${reason}`),
      ofVisit(sql`a.visit_id`, filters),
    ]),
  )
}

export type PatientTime = { from: string | undefined; to: string; timezone: string }
const registered = ({ timezone }: PatientTime) => sql`(t.registered_date::timestamp at time zone ${timezone})`
const people = ({ from, to }: PatientTime, gender: Filters['gender']) =>
  all([
    sql`${living(sql`t`)} and t.registered_date <= ${to}::date`,
    maybe(from, (date) => sql`t.registered_date >= ${date}::date`),
    maybe(gender, (one) => sql`t.gender = ${one}`),
  ])

export function patientRows(time: PatientTime, gender: Filters['gender']): Sql<FoundRow> {
  return rowsOf(sql`patients t`, { at: registered(time), part: sql`t.gender` }, people(time, gender))
}

/** In the order of rows, with what their age is told by. */
export function listPatientsToTell(
  time: PatientTime,
  gender: Filters['gender'],
  { after, limit }: RowsAsked,
): Sql<PatientToCount & { at: string }> {
  const at = registered(time)
  return sql`
    select t.id, ${at} as at, t.gender, t.registered_date, t.sealed_card, t.key_id, k.kek_id, k.wrapped
      from patients t join patient_keys k on k.id = t.key_id
     where ${all([people(time, gender), behind(at, after)])} order by 2, 1 limit ${literal(limit)}`
}

/** In the order of rows: the newest version of what became final within a time. */
export function listSignedToTell(
  between: Between,
  filters: Pick<Filters, 'doctor_id' | 'department_id'>,
  { after, limit }: RowsAsked,
): Sql<SignedRow & { assessment_id: string; at: string }> {
  return sql`
    select v.id, t.id as assessment_id, t.finalized_at as at, v.sealed_content, v.key_id, k.kek_id, k.wrapped
      from assessments t
      join assessment_versions v on v.assessment_id = t.id and v.number = t.current_number
      left join patient_keys k on k.id = v.key_id
     where ${all([
       within(sql`t.finalized_at`, between),
       ofVisit(sql`t.visit_id`, filters),
       behind(sql`t.finalized_at`, after),
     ])}
     order by t.finalized_at, t.id limit ${literal(limit)}`
}

const behind = (at: Sql, after: RowsAsked['after']) =>
  after && sql`(${at}, t.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
