import { type Sql, sql } from '#platform/database/sql.ts'

export type ComparedSubject = 'users' | 'appointments' | 'visits' | 'prescriptions' | 'documents'
export type ComparedRow = { subject: ComparedSubject; part: string; current: number; previous: number }

/** Instants; the ends are not included. */
export type TwoPeriods = { starts_at: string; ends_at: string; previous_starts_at: string; previous_ends_at: string }

/** Counts of both periods, each part apart, as of one moment. */
export function findCompared({
  starts_at,
  ends_at,
  previous_starts_at,
  previous_ends_at,
}: TwoPeriods): Sql<ComparedRow> {
  return sql`
    select 'users' as subject, u.role as part, count(*) filter (where u.created_at < ${ends_at}) as current,
           count(*) filter (where u.created_at < ${previous_ends_at}) as previous
      from users u where u.is_active and u.created_at < ${ends_at} group by u.role
    union all
    select r.subject, r.part, count(*) filter (where r.at >= ${starts_at}), count(*) filter (where r.at < ${previous_ends_at})
      from counted_records r where r.at >= ${previous_starts_at} and r.at < ${ends_at} group by r.subject, r.part
    order by 1, 2`
}
