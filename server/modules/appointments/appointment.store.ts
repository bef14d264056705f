import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type {
  Appointment,
  AppointmentChange,
  AppointmentQuery,
  AppointmentStatus,
} from './appointment-record.contract.ts'
import type { StoredKey } from './appointment.sealing.ts'

export type StoredAppointment = Omit<
  Appointment,
  'reason' | 'notes' | 'cancel_reason' | 'overbook_reason' | 'lane' | 'consecutive_no_shows' | 'no_show_flag'
> &
  StoredKey & { sealed_notes: Buffer | null; lane: number; consecutive_no_shows: number | null }

// Without notes an appointment names no key: the patient's current one is then the key for what is written next. Where the key is out
// of reach its id still stands, so that what is sealed keeps its key when something else of the appointment changes.
const plainColumns = sql`a.id, a.confirmation_code, a.patient_id, a.doctor_id, a.starts_at as appointment_time,
       (extract(epoch from a.ends_at - a.starts_at) / 60)::integer as duration_minutes, a.status, a.kind, a.priority,
       a.lane, a.series_id, a.occurrence, a.created_by, a.created_at, a.updated_at, a.version, a.sealed_notes,
       coalesce(k.id, a.key_id) as key_id, k.kek_id, k.wrapped,
       array(select r.resource_id from resource_reservations r where r.appointment_id = a.id and r.cancelled_at is null
              order by r.resource_id) as resource_ids`
const columns = (tells_no_shows: boolean) =>
  sql`${plainColumns}, case when ${tells_no_shows} then openward.consecutive_no_shows(a.patient_id) end as consecutive_no_shows`
const withKey = sql`left join patients p on p.id = a.patient_id left join patient_keys k on k.id = case when a.key_id is null then p.key_id else a.key_id end`

/** Instants, the second not included. */
export type Filter = Pick<AppointmentQuery, 'doctor_id' | 'patient_id' | 'status'> & {
  starts_from?: string | undefined
  starts_before?: string | undefined
  /** Those in a lane beside the first that take it, but for the own ones of the asker, who is not told of them. */
  overbooked?: { but_of: string | null } | undefined
}

function matching({ doctor_id, patient_id, status, starts_from, starts_before, overbooked }: Filter): Sql {
  return all([
    // A time that is held is no appointment yet.
    sql`a.status <> 'held'`,
    doctor_id === undefined ? undefined : sql`a.doctor_id = ${doctor_id}`,
    patient_id === undefined ? undefined : sql`a.patient_id = ${patient_id}`,
    status === undefined ? undefined : sql`a.status = ${status}`,
    starts_from === undefined ? undefined : sql`a.starts_at >= ${starts_from}`,
    starts_before === undefined ? undefined : sql`a.starts_at < ${starts_before}`,
    overbooked === undefined
      ? undefined
      : sql`a.lane > 0 and a.status not in ('cancelled', 'no_show') and a.patient_id is distinct from ${overbooked.but_of}::uuid`,
  ])
}

export type AppointmentPage = { skip: number; limit: number; after: readonly [start: string, id: string] | undefined }

/** The page first: joined before it is cut, a plan made while the tables were young would read every key for it. */
export function findAppointments(
  filter: Filter,
  { skip, limit, after }: AppointmentPage,
  tells_no_shows: boolean,
): Sql<StoredAppointment> {
  const beyond = after && sql`(a.starts_at, a.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    with page as materialized (
      select * from appointments a where ${all([matching(filter), beyond])}
       order by a.starts_at, a.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)})
    select ${columns(tells_no_shows)} from page a ${withKey} order by a.starts_at, a.id`
}

export function countAppointments(filter: Filter): Sql<{ total: number }> {
  return countOf(sql`appointments a where ${matching(filter)}`)
}

export function findAppointment(id: string, tells_no_shows = false): Sql<StoredAppointment> {
  return sql`select ${columns(tells_no_shows)} from appointments a ${withKey} where a.id = ${id} and a.status <> 'held'`
}

/** The occurrences of a series that the caller may see. */
export function findOccurrences(series_id: string, tells_no_shows: boolean): Sql<StoredOccurrence> {
  return sql`
    select ${columns(tells_no_shows)}, d.department_id, d.timezone
      from appointments a join doctors d on d.id = a.doctor_id ${withKey}
     where a.series_id = ${series_id} order by a.occurrence`
}
export type StoredOccurrence = StoredAppointment & { department_id: string | null; timezone: string }

/**
 * Locked first and read by a statement of its own: one that has to wait would join the key that the notes had before. Only against
 * other changes: what refers to it, such as a notice of it that is being written, need not be waited for.
 */
export async function lockAppointment(
  tx: Tx,
  id: string,
  tells_no_shows: boolean,
): Promise<(StoredAppointment & { department_id: string | null }) | undefined> {
  const [, row] = await Promise.all([
    tx.run(sql`select from appointments where id = ${id} for no key update`),
    tx.first(sql<StoredAppointment & { department_id: string | null }>`
      select ${columns(tells_no_shows)}, d.department_id
        from appointments a join doctors d on d.id = a.doctor_id ${withKey} where a.id = ${id} and a.status <> 'held'`),
  ])
  return row
}

export function isPatientInReach(id: string): Sql<{ id: string }> {
  return sql`select id from patients where id = ${id}`
}

export function findHistory(
  appointment_id: string,
): Sql<Omit<AppointmentChange, 'reason'> & StoredKey & { sealed_reason: Buffer | null }> {
  return sql`
    select h.id, h.appointment_id, h.timestamp, h.user_id, h.from_status, h.to_status, h.from_time, h.to_time, h.sealed_reason,
           k.id as key_id, k.kek_id, k.wrapped
      from appointment_history h left join patient_keys k on k.id = h.key_id
     where h.appointment_id = ${appointment_id} order by h.id`
}

export type NewChange = Omit<AppointmentChange, 'reason' | 'timestamp'> & {
  patient_id: string
  key_id: string | null
  sealed_reason: Buffer | null
}

export function insertChange(change: NewChange): Sql {
  return sql`
    insert into appointment_history (id, appointment_id, patient_id, user_id, from_status, to_status, from_time, to_time, key_id, sealed_reason)
    values (${change.id}, ${change.appointment_id}, ${change.patient_id}, ${change.user_id}, ${change.from_status}, ${change.to_status},
            ${change.from_time}, ${change.to_time}, ${change.key_id}, ${change.sealed_reason})`
}

export type Sealed = { key_id: string | null; sealed_notes: Buffer | null }
type Details = Pick<Appointment, 'kind' | 'priority'>
export type Changed = Pick<Appointment, 'updated_at' | 'version'>

export function updateStatus(id: string, status: AppointmentStatus, { key_id, sealed_notes }: Sealed): Sql<Changed> {
  return sql`
    update appointments set status = ${status}, key_id = ${key_id}, sealed_notes = ${sealed_notes}, updated_at = now(), version = version + 1
     where id = ${id} returning updated_at, version`
}

export function updateDetails(id: string, { kind, priority, key_id, sealed_notes }: Details & Sealed): Sql<Changed> {
  return sql`
    update appointments
       set kind = ${kind}, priority = ${priority}, key_id = ${key_id}, sealed_notes = ${sealed_notes}, updated_at = now(),
           version = version + 1
     where id = ${id} returning updated_at, version`
}

/**
 * Two people who move appointments to each other's time would wait for each other until one is thrown out: whoever moves
 * takes the calendars, the patient and the resources first, in the order of their ids.
 */
export function lockCalendars(ids: readonly string[]): Sql {
  return sql`
    select pg_advisory_xact_lock(hashtextextended(id, 11)) from (select id from unnest(${ids.toSorted()}::text[]) as id order by id) as sorted`
}

/**
 * No row where the doctor's calendar has changed since the time was judged by it, or where somebody is overbooked at that time.
 * It takes the first lane, whichever it had.
 */
export function moveAppointment(
  id: string,
  to: { doctor_id: string; calendar_version: number; starts_at: string; ends_at: string },
): Sql<Changed> {
  return sql`
    with doctor as (select id from doctors where id = ${to.doctor_id} and version = ${to.calendar_version} and is_active for share)
    update appointments a
       set doctor_id = doctor.id, during = tstzrange(${to.starts_at}, ${to.ends_at}), lane = 0, updated_at = now(), version = a.version + 1
      from doctor
     where a.id = ${id}
       and not openward.is_overbooked(doctor.id, tstzrange(${to.starts_at}, ${to.ends_at}), a.id)
    returning a.updated_at, a.version`
}
