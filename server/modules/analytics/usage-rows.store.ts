import { type Sql, sql } from '#platform/database/sql.ts'
import type { FoundRow } from './figure-rows.ts'
import { minutes, type StepFilter, usageSteps } from './usage-steps.store.ts'

export const usageSums = ['available_minutes', 'assigned_minutes', 'departures', 'ended_stay_minutes'] as const
export type UsageSum = (typeof usageSums)[number]

/** What `findUsage` adds up: how each resource stood, or the stays in it. */
export function usageRows(
  figure: UsageSum,
  { starts_at, counted_until, ...filter }: Omit<StepFilter, 'stretch_starts' | 'stretch_ends'>,
): Sql<FoundRow> {
  const steps = usageSteps({
    ...filter,
    starts_at,
    counted_until,
    stretch_starts: [starts_at],
    stretch_ends: [counted_until],
  })
  const row = (id: Sql, at: Sql, value: Sql, of: Sql) => sql`
    select ${id} as id, ${at} as at, ${value} as value, ${of}.type as part, null::uuid as doctor_id, ${of}.department_id, ${of}.resource_id`
  const lasted =
    (...from: Sql[]) =>
    (until: Sql) => {
      const latest = from.reduce((one, other) => sql`greatest(${one}, ${other})`)
      return minutes(
        sql`greatest(${latest}, ${starts_at}::timestamptz)`,
        sql`least(${until}, ${counted_until}::timestamptz)`,
      )
    }
  switch (figure) {
    case 'available_minutes':
      return sql`with recursive ${steps}
        ${row(
          sql`p.resource_id`,
          sql`greatest(p.starts_at, ${starts_at}::timestamptz)`,
          sql`p.lanes * ${lasted(sql`p.starts_at`)(sql`p.ends_at`)}`,
          sql`p`,
        )}
        from placed p where p.is_open`
    case 'assigned_minutes':
      return sql`with recursive ${steps}
        ${row(
          sql`s.id`,
          sql`greatest(p.starts_at, s.starts_at, ${starts_at}::timestamptz)`,
          lasted(sql`p.starts_at`, sql`s.starts_at`)(sql`least(p.ends_at, s.ends_at)`),
          sql`p`,
        )}
        from placed p join stays s on s.resource_id = p.resource_id and s.starts_at < p.ends_at and s.ends_at > p.starts_at`
    case 'departures':
      return sql`with recursive ${steps} ${row(sql`d.id`, sql`d.ends_at`, sql`1`, sql`d`)} from departed d`
    case 'ended_stay_minutes':
      return sql`with recursive ${steps}
        ${row(sql`d.id`, sql`d.ends_at`, minutes(sql`w.arrived_at`, sql`d.ends_at`), sql`d`)}
        from departed d join (select id, min(starts_at) as arrived_at from whole_stays group by id) as w on w.id = d.id`
  }
}
