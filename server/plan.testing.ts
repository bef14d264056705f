import { type Sql, sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import type { TestApi } from './testing.ts'

/** How PostgreSQL would run it for one who reaches so much, with the role and the settings of a server, and after `first`. */
export async function planOf(
  api: TestApi,
  reach: 'all' | 'find',
  statement: Sql,
  first: Sql = sql`select`,
): Promise<string> {
  const scope = { enter: () => sql`select openward.enter_as(${reach})` }
  const database = scopedDatabase(api.system.pool, scope, { audit: (entry) => entry })
  const [, lines] = await database.once((tx) =>
    Promise.all([tx.run(first), tx.rows(sql<{ 'QUERY PLAN': string }>`explain ${statement}`)]),
  )
  return lines.map((line) => line['QUERY PLAN']).join('\n')
}
