// The roles that groups of the organisation are given. Roles are rows, so that only the database can tell whether one exists.
import { ConfigurationError } from '#platform/configuration.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'

/** @throws ConfigurationError naming roles that do not exist: nobody of their groups could sign in */
export async function assertGroupRoles({ configuration: { oidc }, pool }: System): Promise<void> {
  const named = [...new Set(oidc?.group_roles.map(([, role]) => role))]
  if (named.length === 0) return
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'start', ...entry }) },
  )
  const known = await database.once((tx) =>
    tx.rows(sql<{ name: string }>`select name from roles where name = any(${named}) order by name`),
  )
  const unknown = named.filter((role) => !known.some(({ name }) => name === role))
  if (unknown.length > 0)
    throw new ConfigurationError([
      `OIDC_GROUP_ROLES names roles that do not exist: ${unknown.join(', ')}: mend their names, or leave them out, start, and make them first`,
    ])
}
