import { type Sql, sql } from '#platform/database/sql.ts'

export type AccessFacts = {
  role: string
  is_active: boolean
  permissions: string[]
  denied: string[]
  department_id: string | null
  is_own: boolean
  treats: boolean
  in_department: boolean
  emergency_until: string | null
}

/** What the rules of `openward.protect` look at, for any user and patient; no row where either does not exist. */
export function findAccessFacts(user_id: string, patient_id: string): Sql<AccessFacts> {
  return sql`
    select users.role, users.is_active, roles.permissions, users.department_id,
           array(select permission from permission_denials where permission_denials.user_id = users.id) as denied,
           exists (select from patients_of_users p where p.user_id = users.id and p.patient_id = patients.id) as is_own,
           exists (select from care_relationships c join doctors on doctors.id = c.doctor_id
                    where c.patient_id = patients.id and doctors.user_id = users.id) as treats,
           exists (select from care_relationships c
                    where c.patient_id = patients.id and c.department_id = users.department_id) as in_department,
           (select max(e.expires_at) from emergency_accesses e
             where e.patient_id = patients.id and e.user_id = users.id and e.expires_at > now()) as emergency_until
      from users join roles on roles.name = users.role, patients
     where users.id = ${user_id} and patients.id = ${patient_id}`
}
