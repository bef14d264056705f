import { type AuditEntry, insertAuditEntries } from '#platform/audit/record.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type DomainEvent, insertEvents } from '#platform/events/outbox.ts'
import type { Booked, NewAppointment } from './booking.store.ts'

export type NewHold = Pick<
  NewAppointment,
  'id' | 'priority' | 'doctor_id' | 'starts_at' | 'ends_at' | 'calendar_version' | 'takes_anyone' | 'day'
> & {
  patient_id: string | null
  /** Null: nobody may book it by its id, and nobody's limit counts it. */
  created_by: string | null
  minutes: number
  most: number
}

/** Holds the time, or yields no row; as a booking does it. */
export function insertHold(hold: NewHold, entry: AuditEntry): Sql<{ held_until: string }> {
  const { id, patient_id, doctor_id, starts_at, ends_at, created_by, day } = hold
  return sql`
    with doctor as (
      select id from doctors
       where id = ${doctor_id} and version = ${hold.calendar_version} and is_active
         and (${patient_id}::uuid is null or accepts_new_patients or ${hold.takes_anyone}
              or exists (select from care_relationships c where c.doctor_id = doctors.id and c.patient_id = ${patient_id}))
         and openward.lock_own_holds() < ${hold.most}
         and openward.bookable_lane(${patient_id}, id, tstzrange(${starts_at}, ${ends_at}), false) is not null
         for share
    ), held as (
      insert into appointments (id, confirmation_code, patient_id, doctor_id, during, status, priority, held_until, created_by)
      select ${id}, openward.next_number('appointment_numbers', 'APT', ${day}), ${patient_id}::uuid, doctor.id,
             tstzrange(${starts_at}, ${ends_at}), 'held', ${hold.priority}, now() + ${hold.minutes} * interval '1 minute', ${created_by}::uuid
        from doctor
      on conflict do nothing
      returning held_until
    ), audited as (
      ${insertAuditEntries([entry])} where exists (select from held)
    )
    select held_until from held`
}

/** `resource_ids` are those that were held with it. */
type Converted = Booked & { resource_ids: string[] }

/**
 * Makes the held time the appointment, in its place. No row where `held_by` (null: the waitlist) does not hold it, or no longer.
 * Raises where the patient is elsewhere at that time: the hold may have been made for nobody yet.
 */
export function convertHold(
  appointment: NewAppointment,
  entry: AuditEntry,
  event: DomainEvent,
  held_by: string | null = appointment.created_by,
): Sql<Converted> {
  const { id, patient_id, doctor_id, starts_at, ends_at, kind, priority, key_id, sealed_notes, created_by } =
    appointment
  return sql`
    with doctor as (
      select id from doctors
       where id = ${doctor_id} and version = ${appointment.calendar_version} and is_active
         and (accepts_new_patients or ${appointment.takes_anyone}
              or exists (select from care_relationships c where c.doctor_id = doctors.id and c.patient_id = ${patient_id}))
         and openward.patient_may_be_booked(${patient_id})
         for share
    ), booked as (
      update appointments a
         set status = 'booked', held_until = null, patient_id = ${patient_id}, kind = ${kind}, priority = ${priority},
             key_id = ${key_id}, sealed_notes = ${sealed_notes}, created_by = ${created_by}, created_at = now(), updated_at = now()
        from doctor
       where a.id = ${id} and a.status = 'held' and a.held_until > now() and a.created_by is not distinct from ${held_by}::uuid
         and a.doctor_id = doctor.id and a.during = tstzrange(${starts_at}, ${ends_at})
      returning a.id, a.patient_id, a.confirmation_code, a.status, a.starts_at, a.lane, a.created_by, a.created_at, a.updated_at, a.version
    ), noted as (
      insert into appointment_history (appointment_id, patient_id, user_id, from_status, to_status, to_time)
      select id, patient_id, created_by, 'held', status, starts_at from booked
    ), audited as (
      ${insertAuditEntries([entry])} where exists (select from booked)
    ), told as (
      ${insertEvents([event])} where exists (select from booked)
    )
    select confirmation_code, status, lane, created_at, updated_at, version,
           case when ${appointment.tells_no_shows} then openward.consecutive_no_shows(patient_id) end as consecutive_no_shows,
           array(select r.resource_id from resource_reservations r where r.appointment_id = booked.id and r.cancelled_at is null
                  order by r.resource_id) as resource_ids
      from booked`
}

/** Whether the caller holds this time, still. */
export function findOwnHold(id: string, doctor_id: string, starts_at: string, user_id: string): Sql<{ id: string }> {
  return sql`
    select id from appointments
     where id = ${id} and status = 'held' and held_until > now() and created_by = ${user_id}
       and doctor_id = ${doctor_id} and starts_at = ${starts_at}`
}

export function countOwnHolds(): Sql<{ held: number }> {
  return sql`select openward.lock_own_holds() as held`
}

export type Ended = { doctor_id: string; patient_id: string | null; appointment_time: string }

export function releaseHold(id: string): Sql<Ended> {
  return sql`select doctor_id, patient_id, appointment_time from openward.release_hold(${id})`
}

/** Holds that have ended and stand in the way of this time. */
export function removeEndedHoldsAt(asked: {
  doctor_id: string
  patient_id: string | null
  starts_at: string
  ends_at: string
}): Sql {
  return sql`
    select from openward.remove_ended_holds(${asked.doctor_id}, ${asked.patient_id}::uuid, tstzrange(${asked.starts_at}, ${asked.ends_at}))`
}

/** Up to 200 holds that have ended. */
export function removeEndedHolds(): Sql<Ended & { id: string }> {
  return sql`select id, doctor_id, patient_id, appointment_time from openward.remove_ended_holds()`
}

/** As long as it takes to hand a time on, and to notice that the server which did so has died. */
const minutesForNext = 5

export function keepForNext(id: string): Sql {
  return sql`select openward.keep_for_next(${id}, ${minutesForNext})`
}

/** Removes what is kept for nobody in particular. */
export function dropHold(id: string): Sql {
  return sql`select openward.drop_kept(${id})`
}
