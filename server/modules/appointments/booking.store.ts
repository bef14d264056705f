import { type AuditEntry, insertAuditEntries } from '#platform/audit/record.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type DomainEvent, insertEvents } from '#platform/events/outbox.ts'
import type { Appointment } from './appointment-record.contract.ts'

export type NewAppointment = Pick<Appointment, 'id' | 'patient_id' | 'doctor_id' | 'kind' | 'priority'> & {
  starts_at: string
  ends_at: string
  /** The state of the doctor's calendar that the time was judged by. */
  calendar_version: number
  /** Whether new patients are taken even where the doctor says none are. */
  takes_anyone: boolean
  key_id: string | null
  sealed_notes: Buffer | null
  created_by: string
  /** The hospital's local day, for the confirmation code. */
  day: string
  /** Whether it may go beside another appointment of the doctor, in the next lane. */
  overbooks: boolean
  /** Whether the asker is told how often in a row the patient did not come. */
  tells_no_shows: boolean
}

export type Booked = Pick<Appointment, 'confirmation_code' | 'status' | 'created_at' | 'updated_at' | 'version'> & {
  lane: number
  consecutive_no_shows: number | null
}

/** With the entry and the event that are written exactly if the appointment is. */
export type Booking = { appointment: NewAppointment; entry: AuditEntry; event: DomainEvent }

/**
 * Books each, or yields no row for it: the exclusion constraints decide without raising, so that bookings that fight for one time
 * neither wait for nor deadlock with each other. One statement, so that history, audit entry and event are written exactly if the
 * appointment is; the care relationship is kept by a trigger. The locks keep the calendar and the record as they were judged until
 * it commits. In the order of doctors and times, so that two servers take what both want in one order.
 */
export function insertAppointments(bookings: readonly Booking[]): Sql<Booked & { at: number }> {
  const column = <T>(pick: (appointment: NewAppointment) => T) => bookings.map(({ appointment }) => pick(appointment))
  return sql`
    with asked as materialized (
      select * from unnest(${column(({ id }) => id)}::uuid[], ${column(({ patient_id }) => patient_id)}::uuid[],
                           ${column(({ doctor_id }) => doctor_id)}::uuid[], ${column(({ starts_at }) => starts_at)}::timestamptz[],
                           ${column(({ ends_at }) => ends_at)}::timestamptz[], ${column(({ kind }) => kind)}::text[],
                           ${column(({ priority }) => priority)}::text[], ${column(({ key_id }) => key_id)}::uuid[],
                           ${column(({ sealed_notes }) => sealed_notes)}::bytea[], ${column(({ created_by }) => created_by)}::uuid[],
                           ${column(({ day }) => day)}::date[], ${column(({ calendar_version }) => calendar_version)}::int[],
                           ${column(({ takes_anyone }) => takes_anyone)}::boolean[], ${column(({ overbooks }) => overbooks)}::boolean[],
                           ${column(({ tells_no_shows }) => tells_no_shows)}::boolean[])
             with ordinality as a(id, patient_id, doctor_id, starts_at, ends_at, kind, priority, key_id, sealed_notes, created_by, day,
                                  calendar_version, takes_anyone, overbooks, tells_no_shows, at)
    ), judged as materialized (
      select asked.*, openward.bookable_lane(asked.patient_id, d.id, tstzrange(asked.starts_at, asked.ends_at), asked.overbooks) as lane
        from asked join doctors d on d.id = asked.doctor_id
       where d.version = asked.calendar_version and d.is_active
         and (d.accepts_new_patients or asked.takes_anyone
              or exists (select from care_relationships c where c.doctor_id = d.id and c.patient_id = asked.patient_id))
         for share of d
    ), booked as (
      insert into appointments (id, confirmation_code, patient_id, doctor_id, during, lane, kind, priority, key_id, sealed_notes, created_by)
      select id, openward.next_number('appointment_numbers', 'APT', day), patient_id, doctor_id, tstzrange(starts_at, ends_at), lane,
             kind, priority, key_id, sealed_notes, created_by
        from judged where lane is not null
       order by doctor_id, starts_at, at
      on conflict do nothing
      returning id, patient_id, doctor_id, confirmation_code, status, during, lane, created_by, created_at, updated_at, version
    ), noted as (
      insert into appointment_history (appointment_id, patient_id, user_id, to_status, to_time)
      select id, patient_id, created_by, status, lower(during) from booked
    ), audited as (
      ${insertAuditEntries(bookings.map(({ entry }) => entry))} where e.resource_id in (select id from booked)
    ), told as (
      ${insertEvents(bookings.map(({ event }) => event))} where e.subject_id in (select id from booked)
    )
    select asked.at::int, b.confirmation_code, b.status, b.lane, b.created_at, b.updated_at, b.version,
           case when asked.tells_no_shows then openward.consecutive_no_shows(b.patient_id) end as consecutive_no_shows
      from booked b join asked using (id)`
}

export type BookingState = {
  is_bookable_patient: boolean | null
  is_known_patient: boolean
  is_doctor_taken: boolean
  is_patient_busy: boolean
  accepts_new_patients: boolean
  /** The patient's own appointment at that time, where the caller may see it. */
  appointment_id: string | null
}

/**
 * Why no row came back. Runs in the caller's own reach; what lies beyond it is told as yes or no. The time that the asker's
 * `own` appointment or hold takes is theirs to give; who overbooks needs a lane.
 */
export function findBookingState(
  asked: Pick<NewAppointment, 'doctor_id' | 'starts_at' | 'ends_at'> & { patient_id: string | null },
  { own = null, overbooks = false }: { own?: string | null | undefined; overbooks?: boolean | undefined } = {},
): Sql<BookingState> {
  const { patient_id, doctor_id, starts_at, ends_at } = asked
  return sql`
    with own as (
      select doctor_id, patient_id, tstzmultirange(during) as during from appointments
       where id = ${own}::uuid and status not in ('cancelled', 'no_show')
    ), wanted as (
      select tstzmultirange(tstzrange(${starts_at}, ${ends_at})) as during
    )
    select openward.patient_may_be_booked(${patient_id}::uuid) as is_bookable_patient,
           doctors.accepts_new_patients,
           exists (select from care_relationships c where c.doctor_id = doctors.id and c.patient_id = ${patient_id}::uuid) as is_known_patient,
           case when ${overbooks}
                then openward.bookable_lane(null, doctors.id, tstzrange(${starts_at}, ${ends_at}), true) is null
                else exists (select from unnest((select during from wanted)
                                                - coalesce((select during from own where own.doctor_id = doctors.id), '{}')) as part,
                                    openward.taken_ranges(array[doctors.id], lower(part), upper(part))) end as is_doctor_taken,
           exists (select from unnest((select during from wanted) - coalesce((select during from own where own.patient_id = ${patient_id}::uuid), '{}')) as part
                    where openward.patient_is_busy(${patient_id}::uuid, part)) as is_patient_busy,
           (select id from appointments where patient_id = ${patient_id}::uuid and during && tstzrange(${starts_at}, ${ends_at})
               and status not in ('cancelled', 'no_show', 'held') and id is distinct from ${own}::uuid
             limit 1) as appointment_id
      from doctors where doctors.id = ${doctor_id}`
}

/** The key that a patient's notes are sealed with. */
export function findPatientKey(patient_id: string): Sql<{ key_id: string; kek_id: string; wrapped: Buffer | null }> {
  return sql`
    select patient_keys.id as key_id, kek_id, wrapped from patients join patient_keys on patient_keys.id = patients.key_id
     where patients.id = ${patient_id}`
}
