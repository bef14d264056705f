// Tells whether a refused request has changed anything.
import { sql } from '#platform/database/sql.ts'
import type { TestApi } from '../../server/testing.ts'

/** Written by the server's own work, or by asking at all. */
const unsettled = new Set([
  'audit_logs',
  'audit_leaves',
  'audit_roots',
  'audit_state',
  'sessions',
  'patient_imports',
  'patient_import_pieces',
  'patient_exports',
])

/** How many rows each table has, and which transactions wrote them; without the audit log and the sessions in use. */
export function createFingerprint(api: TestApi): () => Promise<Record<string, string>> {
  let tables: string[] | undefined
  return async () => {
    tables ??= (
      await api.rows<{ name: string }>(
        sql`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
      )
    )
      .map(({ name }) => name)
      .filter((name) => !unsettled.has(name))
    const rows = await api.rows<{ name: string; sum: string }>(
      rawSql(
        tables
          .map(
            (name) =>
              `select '${name}' as name, count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) as sum from ${name}`,
          )
          .join(' union all '),
      ),
    )
    return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]))
  }
}

function rawSql<Row>(text: string) {
  return { ...sql<Row>`select 1`, text, values: [] }
}
