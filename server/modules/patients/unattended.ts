// The database for work of this module that no request carries: every record, and the name of whoever began the work.
import type { AuditEntry } from '#platform/audit/record.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'

/** `who` completes its audit entries. */
export function unattendedDatabase({ pool }: Pick<System, 'pool'>, who: Partial<AuditEntry>): Database {
  const enter = () => sql`select openward.enter_as('all')`
  return scopedDatabase(pool, { enter }, { audit: (entry) => ({ ...who, ...entry }) })
}
