import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { CountedStatus } from './analytics.contract.ts'

export type CountedAppointment = {
  id: string
  doctor_id: string
  status: CountedStatus
  at: string
  minutes: number
  starts_ms: number
  ends_ms: number
  lead_minutes: number
  /** Null unless asked for. */
  is_new: boolean | null
}

/** What `findTakenDays` and `findBookedDays` count, each by itself, in the order of time. */
export function listCounted(
  { starts_at, ends_at }: { starts_at: string; ends_at: string },
  { doctor_id, status, with_new }: { doctor_id: string | undefined; status?: CountedStatus; with_new?: boolean },
): Sql<CountedAppointment> {
  const is_new = with_new
    ? sql`coalesce((select min(f.starts_at) from appointments f
                     where f.patient_id = a.patient_id and f.status not in ('cancelled', 'no_show', 'held')), 'infinity') >= a.starts_at`
    : sql`null::boolean`
  return sql`
    select a.id, a.doctor_id, a.status, a.starts_at as at, (extract(epoch from a.ends_at - a.starts_at) / 60)::integer as minutes,
           (extract(epoch from a.starts_at) * 1000)::float8 as starts_ms, (extract(epoch from a.ends_at) * 1000)::float8 as ends_ms,
           greatest(floor(extract(epoch from a.starts_at - a.created_at) / 60), 0)::bigint as lead_minutes, ${is_new} as is_new
      from appointments a
     where ${all([
       sql`a.starts_at >= ${starts_at} and a.starts_at < ${ends_at} and a.status <> 'held'`,
       doctor_id === undefined ? undefined : sql`a.doctor_id = ${doctor_id}`,
       status === undefined ? undefined : sql`a.status = ${status}`,
     ])}
     order by a.starts_at, a.id`
}
