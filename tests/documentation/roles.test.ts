// docs/roles.md says what ships: the rows of the table `roles` after the migrations.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi } from '../../server/testing.ts'
import { readDocument } from './blocks.ts'
import { type Role, rolesTable } from './roles-table.ts'

describe('the table of roles', () => {
  it('is that of the database, permission by permission', async () => {
    await using api = await startTestApi()
    const roles = await api.rows<Role>(sql`select name, permissions from roles order by name`)
    const operations = api.app.routes.map(({ operation }) => operation)
    assert.ok(roles.length >= 6 && operations.length >= 60)
    const expected = rolesTable(roles, operations)
    assert.ok(
      readDocument('docs/roles.md').includes(`\n${expected}\n`),
      `docs/roles.md must hold this table:\n\n${expected}\n`,
    )
  })
})
