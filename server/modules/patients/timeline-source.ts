// What a module adds to the timeline of a patient: declared by the module whose rows they are, so that nobody reaches behind its walls.
import type { Sql } from '#platform/database/sql.ts'

/**
 * `t` names the table in the pieces of SQL. An index on the patient, `at` and the id keeps a page as cheap for somebody with ten thousand
 * entries as for somebody with ten.
 */
export type TimelineSource = {
  kind: string
  /** What reading these records takes; its reach is theirs. */
  permission: string
  table: Sql
  /** When it happened: an instant that never changes. */
  at: Sql
  /** Rows of the table that are entries. */
  where?: Sql
  status?: Sql
  /** What kind of thing it is, as a code. */
  type?: Sql
  /** The user or the doctor whose doing it is. */
  by?: Sql
  /** The sealed column, and what of it names the entry. `row_id` is the row's own id. */
  sealed?: { table: string; column: string; title: (content: unknown) => string | null }
}
