import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { CountedStatus } from './analytics.contract.ts'
import type { DoctorState } from './availability.ts'
import { type Window, type Open, timesOf } from './window.ts'

type Place = { doctor_id: string; day_number: number }
export type AppointmentCounts = Place & Record<CountedStatus, number> & { appointments: number }
export type TakenDay = AppointmentCounts & {
  completed_minutes: number
  taken_minutes: number
  /** When appointments took the time of the doctor, overlaps joined; in milliseconds since 1970. */
  starts_ms: number[]
  ends_ms: number[]
}
export type BookedDay = AppointmentCounts & {
  lead_minutes: number
  new_patient_appointments: number
  returning_patient_appointments: number
}

const counts = sql`d.doctor_id, d.day_number, count(*) as appointments,
       count(*) filter (where d.status = 'booked') as booked, count(*) filter (where d.status = 'confirmed') as confirmed,
       count(*) filter (where d.status = 'checked_in') as checked_in, count(*) filter (where d.status = 'in_progress') as in_progress,
       count(*) filter (where d.status = 'completed') as completed, count(*) filter (where d.status = 'cancelled') as cancelled,
       count(*) filter (where d.status = 'no_show') as no_show`

// The days are counted by their first instants, so that the local day is the one of the code and no zone of the database's.
const counted = (window: Window, open: Open, columns: Sql) => {
  const { bounds, doctor_id } = window
  const everyone = timesOf(window, open.days)
  const number = sql`width_bucket(a.starts_at, ${bounds}::timestamptz[])`
  const [starts, ends] = [
    open.of_doctors.map((one) => bounds[one.day_number - 1]),
    open.of_doctors.map((one) => bounds[one.day_number]),
  ]
  return sql`
  (select a.doctor_id, a.status, ${number} as day_number, ${columns}
     from appointments a
    where ${all([
      sql`a.starts_at >= ${everyone.starts_at} and a.starts_at < ${everyone.ends_at} and a.status <> 'held'
          and ${number} = any (${open.days}::integer[])`,
      doctor_id === undefined ? undefined : sql`a.doctor_id = ${doctor_id}`,
    ])}
   union all
   select a.doctor_id, a.status, p.day_number, ${columns}
     from unnest(${open.of_doctors.map((one) => one.doctor_id)}::uuid[], ${open.of_doctors.map((one) => one.day_number)}::integer[],
                 ${starts}::timestamptz[], ${ends}::timestamptz[]) as p(doctor_id, day_number, starts_at, ends_at),
          lateral (select t.* from appointments t
                    where t.doctor_id = p.doctor_id and t.starts_at >= p.starts_at and t.starts_at < p.ends_at and t.status <> 'held' offset 0) as a
  ) as d`
}

const taken = sql`(extract(epoch from a.ends_at - a.starts_at) / 60)::integer as minutes, a.during`

/** Per doctor and day: the appointments and the time that they take. */
export function findTakenDays(window: Window, open: Open): Sql<TakenDay> {
  return sql`
    select t.*, array(select (extract(epoch from lower(part)) * 1000)::float8 from unnest(t.joined) as part order by part) as starts_ms,
           array(select (extract(epoch from upper(part)) * 1000)::float8 from unnest(t.joined) as part order by part) as ends_ms
      from (select ${counts},
                   coalesce(sum(d.minutes) filter (where d.status = 'completed'), 0) as completed_minutes,
                   coalesce(sum(d.minutes) filter (where d.status <> 'cancelled'), 0) as taken_minutes,
                   coalesce(range_agg(d.during) filter (where d.status <> 'cancelled'), '{}') as joined
              from ${counted(window, open, taken)} group by d.doctor_id, d.day_number) as t`
}

const booked = sql`greatest(floor(extract(epoch from a.starts_at - a.created_at) / 60), 0)::bigint as lead_minutes,
       a.starts_at, a.patient_id`

/** Per doctor and day: the appointments, how long before they were booked, and whether the patients had been here. */
export function findBookedDays(window: Window, open: Open): Sql<BookedDay> {
  // Each patient is looked up once, not each appointment: 584,000 appointments of a year take 3.5 s instead of 26.
  return sql`
    with d as materialized (select * from ${counted(window, open, booked)}),
    seen as materialized (
      select p.patient_id, (select min(a.starts_at) from appointments a
                             where a.patient_id = p.patient_id and a.status not in ('cancelled', 'no_show', 'held')) as first_at
        from (select distinct patient_id from d) as p
    )
    select ${counts}, sum(d.lead_minutes)::bigint as lead_minutes,
           count(*) filter (where d.status <> 'cancelled' and coalesce(seen.first_at, 'infinity') >= d.starts_at) as new_patient_appointments,
           count(*) filter (where d.status <> 'cancelled' and seen.first_at < d.starts_at) as returning_patient_appointments
      from d join seen on seen.patient_id = d.patient_id group by d.doctor_id, d.day_number`
}

/** What was in force within a time, of each doctor in order; of one who had no state yet, the first. */
export function findDoctorStates(starts_at: string, ends_at: string, doctor_id: string | undefined): Sql<DoctorState> {
  const of_doctor = doctor_id === undefined ? undefined : sql`s.doctor_id = ${doctor_id}`
  return sql`
    select t.doctor_id, t.is_active, t.department_id, t.specialization, t.timezone, t.available_from, t.available_to,
           t.consultation_minutes, t.blocks, ceil(extract(epoch from t.in_force_from) * 1000)::float8 as in_force_from_ms,
           coalesce(ceil(extract(epoch from t.in_force_until) * 1000)::float8, 'infinity') as in_force_until_ms
      from (select s.*, lead(s.in_force_from) over of_doctor as in_force_until, row_number() over of_doctor as number
              from doctor_states s where ${all([of_doctor])}
            window of_doctor as (partition by s.doctor_id order by s.in_force_from)) as t
     where (t.in_force_from < ${ends_at} or t.number = 1) and (t.in_force_until is null or t.in_force_until > ${starts_at})
     order by t.doctor_id, t.in_force_from`
}

/** Past ones too: a slot that somebody was away for was not offered. */
export function findTimeOff(
  starts_at: string,
  ends_at: string,
  doctor_id: string | undefined,
): Sql<{ doctor_id: string; starts_at_ms: number; ends_at_ms: number }> {
  return sql`
    select t.doctor_id, floor(extract(epoch from t.starts_at) * 1000)::float8 as starts_at_ms,
           ceil(extract(epoch from t.ends_at) * 1000)::float8 as ends_at_ms
      from time_off t
     where ${all([
       sql`t.starts_at < ${ends_at}::timestamptz + interval '1 day' and t.ends_at > ${starts_at}`,
       doctor_id === undefined ? undefined : sql`t.doctor_id = ${doctor_id}`,
     ])}
     order by t.doctor_id, t.starts_at`
}

/** Of what moment the figures are: a replica may be a little behind. */
export function findMoment(): Sql<{ as_of: string }> {
  return sql`select case when pg_is_in_recovery() then coalesce(pg_last_xact_replay_timestamp(), now()) else now() end as as_of`
}
