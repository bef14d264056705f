// The database for work of this module that no request carries.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'

export function unattendedDatabase({ pool }: Pick<System, 'pool'>): Database {
  const enter = () => sql`select openward.enter_as('all')`
  return scopedDatabase(
    pool,
    { enter },
    { audit: (entry) => ({ role: 'system', correlation_id: 'documents', ...entry }) },
  )
}
