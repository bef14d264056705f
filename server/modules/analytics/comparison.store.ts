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
  const both = (at: Sql) => sql`
    count(*) filter (where ${at} >= ${starts_at}) as current, count(*) filter (where ${at} < ${previous_ends_at}) as previous`
  const within = (at: Sql) => sql`${at} >= ${previous_starts_at} and ${at} < ${ends_at}`
  return sql`
    select 'users' as subject, u.role as part, count(*) filter (where u.created_at < ${ends_at}) as current,
           count(*) filter (where u.created_at < ${previous_ends_at}) as previous
      from users u where u.is_active and u.created_at < ${ends_at} group by u.role
    union all
    select 'appointments', a.status, ${both(sql`a.starts_at`)}
      from appointments a where ${within(sql`a.starts_at`)} and a.status <> 'held' group by a.status
    union all
    select 'visits', v.status, ${both(sql`v.opened_at`)} from visits v where ${within(sql`v.opened_at`)} group by v.status
    union all
    select 'prescriptions', p.status, ${both(sql`p.created_at`)} from prescriptions p where ${within(sql`p.created_at`)} group by p.status
    union all
    select 'documents', d.kind, ${both(sql`d.uploaded_at`)}
      from documents d where ${within(sql`d.uploaded_at`)} and d.deleted_at is null group by d.kind
    order by 1, 2`
}
