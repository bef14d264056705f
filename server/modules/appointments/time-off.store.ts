import { type Sql, sql } from '#platform/database/sql.ts'
import type { StoredKey } from './appointment.sealing.ts'
import type { Affected, TimeOff } from './time-off.contract.ts'
import { transitions } from './transitions.ts'
import type { AppointmentStatus } from './appointment-record.contract.ts'

/** Those that can still be cancelled. What is only held is given to nobody: it cannot be booked any more. */
const affectedStatuses = (Object.keys(transitions) as AppointmentStatus[]).filter(
  (status) => status !== 'held' && transitions[status].includes('cancelled'),
)

export type OffTime = Pick<TimeOff, 'doctor_id' | 'starts_at' | 'ends_at'>

const lyingIn = ({ doctor_id, starts_at, ends_at }: OffTime) => sql`
  a.doctor_id = ${doctor_id} and a.starts_at > ${starts_at}::timestamptz - interval '1 day' and a.starts_at < ${ends_at}
  and a.during && tstzrange(${starts_at}, ${ends_at}) and a.ends_at > now() and a.status = any (${affectedStatuses})`

/** Waits for whoever changes one of them; whoever moves an appointment holds it before they hold the calendar. */
export function lockAffected(time: OffTime): Sql {
  return sql`select from appointments a where ${lyingIn(time)} order by a.id for no key update`
}

/** How many nobody else is at, of how many there are. Asked with the calendar held, so that there will be no others. */
export function lockFreeAffected(time: OffTime): Sql<{ id: string }> {
  return sql`select a.id from appointments a where ${lyingIn(time)} order by a.id for no key update skip locked`
}

export type StoredAffected = Affected & StoredKey & { sealed_notes: Buffer | null }

export function findAffected(time: OffTime): Sql<StoredAffected> {
  return sql`
    select a.id, a.confirmation_code, a.patient_id, a.doctor_id, a.starts_at as appointment_time,
           (extract(epoch from a.ends_at - a.starts_at) / 60)::integer as duration_minutes, a.status, a.sealed_notes,
           coalesce(k.id, a.key_id) as key_id, k.kek_id, k.wrapped
      from appointments a left join patients p on p.id = a.patient_id left join patient_keys k on k.id = case when a.key_id is null then p.key_id else a.key_id end
     where ${lyingIn(time)} order by a.starts_at, a.id`
}

const columns = sql`id, doctor_id, starts_at, ends_at, reason, created_at`

export function findTimeOff(doctor_id: string, ends_after: string): Sql<TimeOff> {
  return sql`
    select ${columns} from time_off where doctor_id = ${doctor_id} and ends_at > ${ends_after} order by starts_at, id limit 500`
}

export function insertTimeOff(off: Omit<TimeOff, 'created_at'>, created_by: string): Sql<TimeOff> {
  return sql`
    insert into time_off (id, doctor_id, starts_at, ends_at, reason, created_by)
    values (${off.id}, ${off.doctor_id}, ${off.starts_at}, ${off.ends_at}, ${off.reason}, ${created_by}::uuid)
    returning ${columns}`
}

export function deleteTimeOff(doctor_id: string, id: string): Sql<Pick<TimeOff, 'starts_at' | 'ends_at'>> {
  return sql`delete from time_off where doctor_id = ${doctor_id} and id = ${id} returning starts_at, ends_at`
}
