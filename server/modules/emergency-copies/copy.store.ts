import { type Sql, sql } from '#platform/database/sql.ts'
import type { SealedBy } from '#modules/patients'

export function listDepartments(): Sql<{ id: string; name: string; code: string }> {
  return sql`select id, name, code from departments where is_active order by code`
}

export type PresentRow = SealedBy & {
  /** Null where a bed belongs to none. */
  department_id: string | null
  id: string
  patient_number: string
  sealed_card: Buffer
  gender: string
  blood_type: string | null
  bed: string | null
  ward: string | null
  type: string | null
  status: string | null
  priority: number | null
  opened_at: string | null
  news2_score: number | null
  alerts: string[]
}

/** Who is here: in each department that visits them or whose bed they have. */
export function listPresent(): Sql<PresentRow> {
  return sql`
    with beds as materialized (
      select a.patient_id, r.department_id, r.name as bed, r.ward
        from resource_assignments a join resources r on r.id = a.resource_id where a.is_bed and a.released_at is null
    ), places as (
      select patient_id, department_id from visits where is_open union select patient_id, department_id from beds
    )
    select places.department_id, p.id, p.patient_number, p.sealed_card, p.gender, p.blood_type, k.id as key_id, k.kek_id, k.wrapped,
           beds.bed, beds.ward, v.type, v.status, v.priority, v.opened_at, v.news2_score,
           array(select a.reason from assessment_alerts a where a.patient_id = p.id and a.acknowledged_at is null order by a.raised_at) as alerts
      from places
      join patients p on p.id = places.patient_id
      join patient_keys k on k.id = p.key_id
      left join beds on beds.patient_id = p.id
      left join lateral (
        select * from visits v where v.patient_id = p.id and v.is_open
         order by v.department_id is not distinct from places.department_id desc, v.opened_at desc limit 1) v on true
     where p.erased_at is null
     order by beds.ward, beds.bed, v.priority, v.opened_at, p.id`
}

/** Whether the audit log has this entry. */
export function hasEntry(id: string): Sql<{ is_there: boolean }> {
  return sql`select exists (select from audit_logs where id = ${id}) as is_there`
}
