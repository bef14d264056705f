// What stands in the way of deleting a patient: appointments that have not taken place.
import { type Sql, sql } from '#platform/database/sql.ts'

export type Expected = {
  id: string
  confirmation_code: string
  doctor_id: string
  appointment_time: string
  status: string
  version: number
}

/** As an appointment's own rules say: one that has begun is not cancelled any more. A time that is only held ends by itself. */
const cancellable = ['booked', 'confirmed', 'checked_in']

const columns = sql`a.id, a.confirmation_code, a.doctor_id, a.starts_at as appointment_time, a.status, a.version`

/** Whether the record is within a reach of the caller's, asked from a wider one. */
export function isInReach(patient_id: string, reach: string): Sql<{ is_in_reach: boolean }> {
  return sql`select openward.may_reach(${patient_id}, ${reach}) as is_in_reach`
}

/** Those that are not over, and those that somebody is at. The patient is locked, so no other is booked meanwhile. */
export function lockExpected(patient_id: string): Sql<Expected> {
  return sql`
    select ${columns} from appointments a
     where a.patient_id = ${patient_id} and (a.status = 'in_progress' or (a.status = any(${cancellable}) and a.ends_at > now()))
     order by a.starts_at, a.id for update`
}

export const isCancellable = ({ status }: Expected) => cancellable.includes(status)

export function cancelExpected(expected: readonly Expected[], by: string | undefined): Sql {
  return sql`
    with cancelled as (
      update appointments set status = 'cancelled', updated_at = now(), version = version + 1
       where id = any(${expected.map(({ id }) => id)}::uuid[])
    )
    insert into appointment_history (appointment_id, patient_id, user_id, from_status, to_status)
    select id, patient_id, ${by}::uuid, status, 'cancelled' from appointments where id = any(${expected.map(({ id }) => id)}::uuid[])`
}
