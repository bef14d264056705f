import { all, literal, type Sql, sql } from '#platform/database/sql.ts'
import type { SealedBy } from '#modules/patients'
import { type Asked, isAsked } from './fact.store.ts'

/** All that there are: hundreds. */
export function listDepartments(
  asked: Pick<Asked, 'since' | 'before'>,
): Sql<{ id: string; code: string; name: string; is_active: boolean }> {
  return sql`select d.id, d.code, d.name, d.is_active from departments d where ${all([isAsked(sql`d`, asked)])} order by d.id`
}

export type DoctorState = {
  doctor_id: string
  in_force_from: number
  is_active: boolean
  department_id: string | null
  specialization: string
  timezone: string
  consultation_minutes: number
}
/** A row for each state that was in force; thousands. */
export function listDoctorStates(asked: Pick<Asked, 'since' | 'before'>): Sql<DoctorState> {
  return sql`
    select s.doctor_id, (extract(epoch from s.in_force_from) * 1000000)::bigint as in_force_from, s.is_active, s.department_id,
           s.specialization, s.timezone, s.consultation_minutes
      from doctor_states s where ${all([isAsked(sql`s`, asked)])} order by s.doctor_id, s.in_force_from`
}

export type ResourceState = {
  resource_id: string
  in_force_from: number
  resource_type: string
  resource_code: string
  ward: string | null
  department_id: string | null
  lanes: number
  state: string
}
/** A row for each state that was in force; thousands. */
export function listResourceStates({ since, before }: Pick<Asked, 'since' | 'before'>): Sql<ResourceState> {
  const [state, resource] = [isAsked(sql`s`, { since, before }), isAsked(sql`r`, { since, before })]
  return sql`
    select s.resource_id, (extract(epoch from s.in_force_from) * 1000000)::bigint as in_force_from, r.type as resource_type,
           r.code as resource_code, s.ward, s.department_id, s.lanes, s.state
      from resource_states s join resources r on r.id = s.resource_id
     where ${state && resource ? sql`(${state} or ${resource})` : sql`true`} order by s.resource_id, s.in_force_from`
}

export type UserAccount = { id: string; role: string; is_active: boolean; created_at: number }
/** A page, in the order of ids. */
export function listUsers(asked: Asked): Sql<UserAccount> {
  return sql`
    select u.id, u.role, u.is_active, (extract(epoch from u.created_at) * 1000000)::bigint as created_at
      from users u
     where ${all([sql`u.id > ${asked.after ?? '00000000-0000-0000-0000-000000000000'}`, isAsked(sql`u`, asked)])}
     order by u.id limit ${literal(asked.limit)}`
}

export type PatientToClass = SealedBy & {
  id: string
  sealed_card: Buffer
  gender: string
  status: 'active' | 'inactive' | 'merged'
  registered_date: string
}
/** Nobody who was erased. A page, in the order of ids. */
export function listPatients(asked: Asked): Sql<PatientToClass> {
  return sql`
    select p.id, p.gender, p.registered_date, p.sealed_card, p.key_id, k.kek_id, k.wrapped,
           case when p.merged_into is not null then 'merged' when p.is_active then 'active' else 'inactive' end as status
      from patients p join patient_keys k on k.id = p.key_id
     where ${all([
       sql`p.id > ${asked.after ?? '00000000-0000-0000-0000-000000000000'} and p.erased_at is null`,
       isAsked(sql`p`, asked),
     ])}
     order by p.id limit ${literal(asked.limit)}`
}

export type Moment = {
  as_of: string
  /** The first transaction that the moment does not see. */
  before: number
  /** Every transaction before it has ended. */
  watermark: number
  history: string
  erased_records: number
}
/**
 * Of which moment the snapshot is. A history is that of one database on one timeline: after a restore to an earlier moment, or a
 * failover, transactions have the numbers of others.
 */
export function findMoment(): Sql<Moment> {
  return sql`
    select now() as as_of, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as before, openward.settled_xid()::text::bigint as watermark,
           (select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database())
             || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as history,
           (select count(*)::integer from patients where erased_at is not null) as erased_records`
}
