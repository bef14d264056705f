import { type Sql, sql } from '#platform/database/sql.ts'

/** Whose visit it is. */
export function findVisitPatient(visit_id: string): Sql<{ patient_id: string }> {
  return sql`select patient_id from visits where id = ${visit_id}`
}
