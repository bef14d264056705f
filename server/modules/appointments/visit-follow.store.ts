import { type Sql, sql } from '#platform/database/sql.ts'

export type Followed = 'in_progress' | 'completed' | 'cancelled'
type Moved = {
  patient_id: string
  doctor_id: string
  appointment_time: string
  version: number
  from_status: string
}

const before: Readonly<Record<Followed, string>> = {
  in_progress: 'checked_in',
  completed: 'in_progress',
  cancelled: 'checked_in',
}

/** Yields nothing where the appointment is not in the state before that one. */
export function followVisit(id: string, to: Followed, user_id: string): Sql<Moved> {
  return sql`
    with moved as (
      update appointments set status = ${to}, updated_at = now(), version = version + 1
       where id = ${id} and status = ${before[to]}
      returning id, patient_id, doctor_id, starts_at as appointment_time, version
    ), noted as (
      insert into appointment_history (appointment_id, patient_id, user_id, from_status, to_status)
      select id, patient_id, ${user_id}::uuid, ${before[to]}, ${to} from moved
    )
    select patient_id, doctor_id, appointment_time, version, ${before[to]} as from_status from moved`
}
