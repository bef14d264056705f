import { literal, type Sql, sql } from '#platform/database/sql.ts'

export type RaisedAlert = { addressed_to: string | null; level: number }
export type AlertReason = 'early_warning' | 'critical_result'

/** To the doctor of the visit, or every doctor of the department where it has none. Yields nothing where one was raised before. */
export function insertAlert(assessment_id: string, patient_id: string, reason: AlertReason): Sql<RaisedAlert> {
  return sql`
    insert into assessment_alerts (assessment_id, patient_id, reason, addressed_to, told)
    select a.id, ${patient_id}, ${reason}, d.user_id, case when d.user_id is null then '{}'::uuid[] else array[d.user_id] end
      from assessments a join visits v on v.id = a.visit_id left join doctors d on d.id = v.doctor_id where a.id = ${assessment_id}
    on conflict (assessment_id) do nothing returning addressed_to, level`
}

export type SealedAction = { key_id: string | null; sealed_action: Buffer | null }

export function acknowledgeAlert(
  assessment_id: string,
  user_id: string,
  { key_id, sealed_action }: SealedAction,
): Sql<{ seconds: number }> {
  return sql`
    update assessment_alerts set acknowledged_at = now(), acknowledged_by = ${user_id}, key_id = ${key_id}, sealed_action = ${sealed_action}
     where assessment_id = ${assessment_id} and acknowledged_at is null
    returning extract(epoch from acknowledged_at - raised_at)::int as seconds`
}

export type Escalated = {
  assessment_id: string
  patient_id: string
  visit_id: string
  reason: AlertReason
  addressed_to: string | null
  level: number
}

/** The next doctor of the department whom nobody has told; when all have been, the department, again and again. */
export function escalateAlerts(minutes: number, most: number): Sql<Escalated> {
  return sql`
    with late as (
      select l.id, a.visit_id, v.department_id from assessment_alerts l
        join assessments a on a.id = l.assessment_id join visits v on v.id = a.visit_id
       where l.acknowledged_at is null and l.told_at <= now() - make_interval(mins => ${minutes}::int)
       order by l.told_at limit ${literal(most)} for update of l skip locked
    ), line as (
      select late.id, late.visit_id, next.user_id from late join assessment_alerts l on l.id = late.id left join lateral (
        select d.user_id from doctors d join users u on u.id = d.user_id and u.is_active
         where d.department_id = late.department_id and d.is_active and not d.user_id = any (l.told) order by d.id limit 1) as next on true
    )
    update assessment_alerts l set addressed_to = line.user_id, level = l.level + 1, told_at = now(),
           told = case when line.user_id is null then l.told else l.told || line.user_id end
      from line where l.id = line.id
    returning l.assessment_id, l.patient_id, line.visit_id, l.reason, l.addressed_to, l.level`
}
