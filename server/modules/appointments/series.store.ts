// Series: each statement is about all occurrences at once.
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Series } from './series.contract.ts'
import type { NewAppointment } from './booking.store.ts'
import type { Appointment } from './appointment-record.contract.ts'

export type AskedTimes = {
  doctor_id: string
  patient_id: string
  times: readonly { starts_at: string; ends_at: string; resource_ids: readonly string[] }[]
  /** Appointments whose times are the asker's to give. */
  own: readonly string[]
}
export type TimeState = {
  is_doctor_taken: boolean
  is_patient_busy: boolean
  is_resource_taken: boolean
  appointment_id: string | null
}

/** What stands in the way of each time, in their order, in the caller's own reach; what lies beyond it is told as yes or no. */
export function findTimeStates({ doctor_id, patient_id, times, own }: AskedTimes): Sql<TimeState> {
  const pairs = times.flatMap(({ resource_ids }, at) => resource_ids.map((id) => ({ n: at + 1, id })))
  return sql`
    with own as (
      select doctor_id, patient_id, during from appointments where id = any (${own}::uuid[]) and status not in ('cancelled', 'no_show')
    ), asked as (
      select n, tstzrange(s, e) as during
        from unnest(${times.map(({ starts_at }) => starts_at)}::timestamptz[], ${times.map(({ ends_at }) => ends_at)}::timestamptz[])
             with ordinality as t(s, e, n)
    )
    select exists (select from unnest(tstzmultirange(asked.during)
                                      - coalesce((select range_agg(during) from own where own.doctor_id = ${doctor_id}), '{}')) as part,
                               openward.taken_ranges(array[${doctor_id}::uuid], lower(part), upper(part))) as is_doctor_taken,
           exists (select from unnest(tstzmultirange(asked.during)
                                      - coalesce((select range_agg(during) from own where own.patient_id = ${patient_id}), '{}')) as part
                    where openward.patient_is_busy(${patient_id}, part)) as is_patient_busy,
           exists (select from unnest(${pairs.map(({ n }) => n)}::int[], ${pairs.map(({ id }) => id)}::uuid[]) as w(n, resource_id),
                               unnest(tstzmultirange(asked.during) - coalesce((select range_agg(during) from own), '{}')) as part,
                               openward.resource_taken_ranges(array[w.resource_id], lower(part), upper(part))
                    where w.n = asked.n) as is_resource_taken,
           (select id from appointments a where a.patient_id = ${patient_id} and a.during && asked.during
               and a.status not in ('cancelled', 'no_show', 'held') and a.id <> all (${own}::uuid[]) limit 1) as appointment_id
      from asked order by n`
}

/** Holds that have ended and stand in the way of one of the times. */
export function removeEndedHoldsAtAll({ doctor_id, patient_id, times }: Omit<AskedTimes, 'own'>): Sql {
  return sql`
    select from unnest(${times.map(({ starts_at }) => starts_at)}::timestamptz[], ${times.map(({ ends_at }) => ends_at)}::timestamptz[]) as t(s, e),
                openward.remove_ended_holds(${doctor_id}, ${patient_id}, tstzrange(s, e))`
}

export type PatientState = { is_bookable_patient: boolean | null; is_accepted: boolean; knows_resources: boolean }

export function findPatientState(
  doctor_id: string,
  patient_id: string,
  { takes_anyone, resource_ids }: { takes_anyone: boolean; resource_ids: readonly string[] },
): Sql<PatientState> {
  return sql`
    select openward.patient_may_be_booked(${patient_id}) as is_bookable_patient,
           accepts_new_patients or ${takes_anyone}
           or exists (select from care_relationships c where c.doctor_id = doctors.id and c.patient_id = ${patient_id}) as is_accepted,
           not exists (select from unnest(${resource_ids}::uuid[]) as w(id)
                        where not exists (select from resources r where r.id = w.id and r.state <> 'retired')) as knows_resources
      from doctors where id = ${doctor_id}`
}

export type NewSeries = Pick<
  NewAppointment,
  | 'patient_id'
  | 'doctor_id'
  | 'kind'
  | 'priority'
  | 'calendar_version'
  | 'takes_anyone'
  | 'key_id'
  | 'created_by'
  | 'day'
> & {
  id: string
  rrule: string
  starts_at: string
  timezone: string
  tells_no_shows: boolean
  appointments: readonly {
    id: string
    occurrence: number
    starts_at: string
    ends_at: string
    sealed_notes: Buffer | null
  }[]
}

export type BookedOccurrence = Pick<
  Appointment,
  'id' | 'confirmation_code' | 'status' | 'created_at' | 'updated_at' | 'version'
> & { occurrence: number; lane: number; consecutive_no_shows: number | null }

/**
 * Books every occurrence whose time is free, in the order of time, as a single booking does it: without raising. The caller takes
 * all of it back where a row is missing. `lockCalendars` comes first, so that of two series one waits for the other.
 */
export function insertSeries(series: NewSeries): Sql<BookedOccurrence> {
  const { appointments, patient_id, doctor_id, key_id, created_by } = series
  return sql`
    with doctor as (
      select id from doctors
       where id = ${doctor_id} and version = ${series.calendar_version} and is_active
         and (accepts_new_patients or ${series.takes_anyone}
              or exists (select from care_relationships c where c.doctor_id = doctors.id and c.patient_id = ${patient_id}))
         and openward.patient_may_be_booked(${patient_id})
         for share
    ), made as (
      insert into appointment_series (id, patient_id, doctor_id, rrule, starts_at, timezone, created_by)
      select ${series.id}, ${patient_id}, doctor.id, ${series.rrule}, ${series.starts_at}, ${series.timezone}, ${created_by}::uuid from doctor
      returning id, doctor_id
    ), asked as (
      select * from unnest(${appointments.map(({ id }) => id)}::uuid[], ${appointments.map(({ occurrence }) => occurrence)}::int[],
                           ${appointments.map(({ starts_at }) => starts_at)}::timestamptz[], ${appointments.map(({ ends_at }) => ends_at)}::timestamptz[],
                           ${appointments.map(({ sealed_notes }) => sealed_notes)}::bytea[]) as t(id, occurrence, starts_at, ends_at, sealed_notes)
       order by starts_at
    ), booked as (
      insert into appointments (id, confirmation_code, patient_id, doctor_id, during, kind, priority, key_id, sealed_notes, created_by,
                                series_id, occurrence)
      select asked.id, openward.next_number('appointment_numbers', 'APT', ${series.day}), ${patient_id}, made.doctor_id,
             tstzrange(starts_at, ends_at), ${series.kind}, ${series.priority}, case when sealed_notes is not null then ${key_id}::uuid end,
             sealed_notes, ${created_by}::uuid, made.id, asked.occurrence
        from made, asked where not openward.is_overbooked(made.doctor_id, tstzrange(starts_at, ends_at))
      on conflict do nothing
      returning id, patient_id, confirmation_code, status, lane, during, occurrence, created_by, created_at, updated_at, version
    ), noted as (
      insert into appointment_history (appointment_id, patient_id, user_id, to_status, to_time)
      select id, patient_id, created_by, status, lower(during) from booked
    )
    select id, confirmation_code, status, lane, occurrence, created_at, updated_at, version,
           case when ${series.tells_no_shows} then openward.consecutive_no_shows(patient_id) end as consecutive_no_shows
      from booked order by occurrence`
}

/** The resources for each of these appointments, in the order of time. Raises where one is taken. */
export function reserveForAll(ids: readonly string[], resource_ids: readonly string[], by: string): Sql {
  return sql`
    select openward.reserve_resources(${resource_ids}::uuid[], lower(during), upper(during), patient_id, id, ${by})
      from (select * from appointments where id = any (${ids}::uuid[]) order by lower(during)) as sorted`
}

export function findSeries(id: string): Sql<Omit<Series, 'occurrences' | 'version'>> {
  return sql`select id, patient_id, doctor_id, rrule, starts_at, timezone, created_by, created_at from appointment_series where id = ${id}`
}
