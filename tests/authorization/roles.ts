// Roles made for a test.
import { sql } from '#platform/database/sql.ts'
import type { TestApi } from '../../server/testing.ts'

export async function literalRole(api: TestApi, name: string, permissions: string[]) {
  await api.rows(sql`insert into roles (name, permissions) values (${name}, ${permissions})`)
}
