// What is kept of past days: which of them, their sums, and how they are written.
import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { trendParts, UtilizationDay } from './doctor-days.ts'
import { type Open, timesOf, type Window } from './window.ts'

type TrendPart = (typeof trendParts)[number]
/** Every part of a doctor's day, or a sum over days. */
export type KeptDay = UtilizationDay & Record<TrendPart, number>

const daysOf = ({ bounds }: Window) => sql`
  unnest(${bounds.slice(0, -1)}::timestamptz[], ${bounds.slice(1)}::timestamptz[]) with ordinality as d(starts_at, ends_at, number)`

/**
 * What of a window has to be counted from the records: days that are not kept (no doctor), and kept days of doctors of whom something has
 * changed since. `last_mark`: undefined for every mark.
 */
export function findOpen(window: Window, last_mark?: number): Sql<{ doctor_id: string | null; day_number: number }> {
  const { bounds, doctor_id } = window
  const { starts_at, ends_at } = timesOf(window, [1, bounds.length - 1])
  const of = (column: Sql) => (doctor_id === undefined ? undefined : sql`${column} = ${doctor_id}`)
  const known = last_mark === undefined ? undefined : sql`m.id <= ${last_mark}`
  return sql`
    with days as materialized (
      select d.number::integer as number, d.starts_at, d.ends_at,
             exists (select from figure_days f where f.starts_at = d.starts_at and f.ends_at = d.ends_at) as is_kept
        from ${daysOf(window)}
    ), marks as materialized (
      select m.doctor_id, m.patient_id, m.starts_at, m.ends_at from figure_marks m
       where ${all([sql`m.starts_at < ${ends_at}`, known])}
    ), touched as (
      select m.doctor_id, width_bucket(m.starts_at, ${bounds}::timestamptz[]) as number
        from marks m where ${all([sql`m.ends_at is null and m.starts_at >= ${starts_at}`, of(sql`m.doctor_id`)])}
      union
      select m.doctor_id, d.number
        from marks m join days d on d.starts_at < m.ends_at and d.ends_at > m.starts_at
       where ${all([sql`m.ends_at is not null`, of(sql`m.doctor_id`)])}
      union
      select a.doctor_id, width_bucket(a.starts_at, ${bounds}::timestamptz[])
        from (select patient_id, greatest(min(starts_at), ${starts_at}::timestamptz) as starts_at
                from marks where patient_id is not null group by patient_id) as m,
             lateral (select t.doctor_id, t.starts_at from appointments t
                       where t.patient_id = m.patient_id and t.starts_at >= m.starts_at and t.starts_at < ${ends_at} offset 0) as a
       where ${all([of(sql`a.doctor_id`)])}
    )
    select null::uuid as doctor_id, d.number as day_number from days d where not d.is_kept
    union all
    select t.doctor_id, t.number from touched t join days d on d.number = t.number where d.is_kept
    order by 1, 2`
}

/** Sums of what is kept and not open, by the stretch of each day, by department and specialization, and by doctor where asked. */
export function sumKept(
  window: Window,
  open: Open,
  { stretches, by_doctor }: { stretches: readonly number[]; by_doctor: boolean },
): Sql<KeptDay> {
  const { bounds, doctor_id } = window
  return sql`
    select ${by_doctor ? sql`f.doctor_id` : sql`null::uuid`} as doctor_id, max(d.number)::integer as day_number, f.department_id, f.specialization,
           sum(f.available_minutes)::bigint as available_minutes, sum(f.booked_minutes)::bigint as booked_minutes,
           sum(f.outside_minutes)::bigint as outside_minutes, sum(f.completed_minutes)::bigint as completed_minutes,
           sum(f.appointments)::bigint as appointments, sum(f.booked)::bigint as booked, sum(f.confirmed)::bigint as confirmed,
           sum(f.checked_in)::bigint as checked_in, sum(f.in_progress)::bigint as in_progress, sum(f.completed)::bigint as completed,
           sum(f.cancelled)::bigint as cancelled, sum(f.no_show)::bigint as no_show, sum(f.lead_minutes)::bigint as lead_minutes,
           sum(f.new_patient_appointments)::bigint as new_patient_appointments,
           sum(f.returning_patient_appointments)::bigint as returning_patient_appointments
      from unnest(${bounds.slice(0, -1)}::timestamptz[], ${bounds.slice(1)}::timestamptz[], ${stretches}::integer[])
             with ordinality as d(starts_at, ends_at, stretch, number)
      join doctor_day_figures f on f.starts_at = d.starts_at and f.ends_at = d.ends_at
     where ${all([
       sql`not exists (
         select from unnest(${open.of_doctors.map((one) => one.doctor_id)}::uuid[], ${open.of_doctors.map((one) => one.day_number)}::integer[])
                  as o(doctor_id, day_number)
          where o.doctor_id = f.doctor_id and o.day_number = d.number)`,
       doctor_id === undefined ? undefined : sql`f.doctor_id = ${doctor_id}`,
     ])}
     group by d.stretch, f.department_id, f.specialization ${by_doctor ? sql`, f.doctor_id` : sql``}`
}

/** By the database's clock, and from where on there is anything to count. */
export function findPast(): Sql<{ now_at: string; first_at: string | null; last_mark: number | null }> {
  return sql`
    select now() as now_at,
           least((select min(a.starts_at) from appointments a), (select min(s.in_force_from) from doctor_states s)) as first_at,
           (select max(m.id) from (select id from figure_marks order by id limit 10000) as m) as last_mark`
}

/** Days that are none in this zone, or not over: a clock was wrong, or the zone is another. */
export function deleteOtherDays(window: Window): Sql {
  return sql`
    delete from figure_days f
     where not exists (select from ${daysOf(window)} where d.starts_at = f.starts_at and d.ends_at = f.ends_at)`
}

export function deleteKept(window: Window, { of_doctors }: Open): Sql {
  const [starts, ends] = [0, 1].map((later) => of_doctors.map((one) => window.bounds[one.day_number - 1 + later]))
  return sql`
    delete from doctor_day_figures f
     using unnest(${of_doctors.map((one) => one.doctor_id)}::uuid[], ${starts}::timestamptz[], ${ends}::timestamptz[])
             as o(doctor_id, starts_at, ends_at)
     where f.starts_at = o.starts_at and f.ends_at = o.ends_at and f.doctor_id = o.doctor_id`
}

export function insertDays({ bounds }: Window, days: readonly number[]): Sql {
  return sql`
    insert into figure_days (starts_at, ends_at)
    select * from unnest(${days.map((day) => bounds[day - 1])}::timestamptz[], ${days.map((day) => bounds[day])}::timestamptz[])`
}

export function insertKept(
  { bounds }: Window,
  rows: readonly (Omit<KeptDay, 'doctor_id'> & { doctor_id: string })[],
): Sql {
  const records = rows.map(({ day_number, ...row }) => ({
    ...row,
    starts_at: bounds[day_number - 1],
    ends_at: bounds[day_number],
  }))
  return sql`
    insert into doctor_day_figures
    select * from json_populate_recordset(null::doctor_day_figures, ${JSON.stringify(records)}::json)`
}

export function deleteMarks(last_mark: number): Sql {
  return sql`delete from figure_marks where id <= ${last_mark}`
}
