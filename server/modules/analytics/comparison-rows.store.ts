import { all, type Sql, sql } from '#platform/database/sql.ts'
import type { ComparedSubject } from './comparison.store.ts'
import type { FoundRow } from './figure-rows.ts'

/** Instants; the end is not included. */
export type CountedTime = { starts_at: string; ends_at: string }

/** What `findCompared` counts of one period, each by itself. */
export function comparedRows(
  subject: ComparedSubject,
  { starts_at, ends_at }: CountedTime,
  part: string | undefined,
): Sql<FoundRow> {
  const { at, columns, from, condition } = compared[subject]
  const time = subject === 'users' ? sql`${at} < ${ends_at}` : sql`${at} >= ${starts_at} and ${at} < ${ends_at}`
  const of_part = part === undefined ? undefined : sql`${columns.part} = ${part}`
  return sql`
    select t.id, ${at} as at, 1 as value, ${columns.part} as part, ${columns.doctor_id} as doctor_id,
           ${columns.department_id} as department_id, null::uuid as resource_id
      from ${from} where ${all([time, condition, of_part])}`
}

const nobody = sql`null::uuid`
const compared: Readonly<
  Record<
    ComparedSubject,
    { at: Sql; from: Sql; columns: { part: Sql; doctor_id: Sql; department_id: Sql }; condition?: Sql }
  >
> = {
  users: {
    at: sql`t.created_at`,
    from: sql`users t`,
    columns: { part: sql`t.role`, doctor_id: nobody, department_id: nobody },
    condition: sql`t.is_active`,
  },
  appointments: {
    at: sql`t.starts_at`,
    from: sql`appointments t`,
    columns: { part: sql`t.status`, doctor_id: sql`t.doctor_id`, department_id: nobody },
    condition: sql`t.status <> 'held'`,
  },
  visits: {
    at: sql`t.opened_at`,
    from: sql`visits t`,
    columns: { part: sql`t.status`, doctor_id: sql`t.doctor_id`, department_id: sql`t.department_id` },
  },
  prescriptions: {
    at: sql`t.created_at`,
    from: sql`prescriptions t`,
    columns: { part: sql`t.status`, doctor_id: sql`t.doctor_id`, department_id: nobody },
  },
  documents: {
    at: sql`t.uploaded_at`,
    from: sql`documents t`,
    columns: { part: sql`t.kind`, doctor_id: nobody, department_id: nobody },
    condition: sql`t.deleted_at is null`,
  },
}
