// Changes of many occurrences of a series: each statement is about all of them at once.
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Appointment, AppointmentStatus } from './appointment-record.contract.ts'
import type { Changed, NewChange, Sealed } from './appointment.store.ts'
import { movable } from './transitions.ts'

/** Those from and to a place in the series that still lie ahead: held until the change commits. */
export function lockOccurrences(series_id: string, { from, to }: { from: number; to: number }): Sql {
  return sql`
    select from appointments
     where series_id = ${series_id} and occurrence between ${from} and ${to} and status = any (${movable}) and starts_at > now()
     order by id for no key update`
}

type Target = { id: string; starts_at: string; ends_at: string }

/** Out of each other's way, to a century in which nothing is booked, when some move to the times that others of them leave. */
export function parkAll(ids: readonly string[]): Sql {
  return sql`
    update appointments set during = tstzrange(starts_at + interval '36500 days', ends_at + interval '36500 days')
     where id = any (${ids}::uuid[])`
}

/**
 * As `moveAppointment`, of each. Fewer rows where the doctor's calendar has changed since the times were judged by it, or where
 * somebody is overbooked at one of them.
 */
export function moveAll(
  doctor_id: string,
  calendar_version: number,
  targets: readonly Target[],
): Sql<Changed & { id: string }> {
  return sql`
    with doctor as (select id from doctors where id = ${doctor_id} and version = ${calendar_version} and is_active for share)
    update appointments a
       set doctor_id = doctor.id, during = tstzrange(t.s, t.e), lane = 0, updated_at = now(), version = a.version + 1
      from doctor, unnest(${targets.map(({ id }) => id)}::uuid[], ${targets.map(({ starts_at }) => starts_at)}::timestamptz[],
                          ${targets.map(({ ends_at }) => ends_at)}::timestamptz[]) as t(id, s, e)
     where a.id = t.id and not openward.is_overbooked(doctor.id, tstzrange(t.s, t.e), a.id)
    returning a.id, a.updated_at, a.version`
}

export type Described = Sealed & Pick<Appointment, 'id' | 'kind' | 'priority'> & { status: AppointmentStatus }

export function describeAll(all: readonly Described[]): Sql<Changed & { id: string }> {
  return sql`
    update appointments a
       set status = t.status, kind = t.kind, priority = t.priority, key_id = t.key_id, sealed_notes = t.sealed_notes,
           updated_at = now(), version = a.version + 1
      from unnest(${all.map(({ id }) => id)}::uuid[], ${all.map(({ status }) => status)}::text[], ${all.map(({ kind }) => kind)}::text[],
                  ${all.map(({ priority }) => priority)}::text[], ${all.map(({ key_id }) => key_id)}::uuid[],
                  ${all.map(({ sealed_notes }) => sealed_notes)}::bytea[]) as t(id, status, kind, priority, key_id, sealed_notes)
     where a.id = t.id returning a.id, a.updated_at, a.version`
}

export function insertChanges(changes: readonly NewChange[]): Sql {
  return sql`
    insert into appointment_history (id, appointment_id, patient_id, user_id, from_status, to_status, from_time, to_time, key_id, sealed_reason)
    select * from unnest(
      ${changes.map(({ id }) => id)}::uuid[], ${changes.map(({ appointment_id }) => appointment_id)}::uuid[],
      ${changes.map(({ patient_id }) => patient_id)}::uuid[], ${changes.map(({ user_id }) => user_id)}::uuid[],
      ${changes.map(({ from_status }) => from_status)}::text[], ${changes.map(({ to_status }) => to_status)}::text[],
      ${changes.map(({ from_time }) => from_time)}::timestamptz[], ${changes.map(({ to_time }) => to_time)}::timestamptz[],
      ${changes.map(({ key_id }) => key_id)}::uuid[], ${changes.map(({ sealed_reason }) => sealed_reason)}::bytea[])`
}
