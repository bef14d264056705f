import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { signedInAs, testAccount } from './accounts.testing.ts'
import { roleApi, roleProtected } from './role.contract.ts'
import { sessionApi } from './session.contract.ts'
import { beyondOwnRights } from './user.contract.ts'

describe('roles', () => {
  it('are shown, made and changed, with effect on the next request', async () => {
    await using api = await startTestApi()
    const [admin, nurse] = [await api.person('admin'), await api.person('nurse')]
    assert.ok((await admin.call(roleApi.list, {})).items.length >= 6)
    await admin.call(roleApi.write, {
      params: { name: 'archivist' },
      body: { permissions: ['audit:read', 'audit:read'] },
    })
    assert.deepEqual((await admin.call(roleApi.read, { params: { name: 'archivist' } })).permissions, ['audit:read'])
    await assert.rejects(admin.call(roleApi.read, { params: { name: 'alchemist' } }), refusedWith(notFound))
    const before = await admin.call(roleApi.read, { params: { name: 'nurse' } })
    await admin.call(
      roleApi.write,
      { params: { name: 'nurse' }, body: { permissions: [...before.permissions, 'roles:read'] } },
      { 'if-match': `"v${before.version}"` },
    )
    assert.ok(await nurse.call(roleApi.list, {}))
    await assert.rejects(
      admin.call(
        roleApi.write,
        { params: { name: 'nurse' }, body: { permissions: [] } },
        { 'if-match': `"v${before.version}"` },
      ),
      refusedWith(stale),
    )
  })

  it('that change while somebody signs in hold for that session too', async () => {
    await using api = await startTestApi()
    const ada = await testAccount(api, { role: 'staff' })
    const me = async (headers: Record<string, string>) => api.call(sessionApi.me, {}, headers)
    const other = new pg.Client({ connectionString: api.owner_url })
    await other.connect()
    try {
      await other.query('begin')
      await other.query(
        `update roles set permissions = array['patients:find'], version = version + 1 where name = 'staff'`,
      )
      let isSignedIn = false
      const signingIn = signedInAs(api, ada).then(async ({ headers }) => {
        await me(headers)
        isSignedIn = true
        return headers
      })
      const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while (!isSignedIn && (await api.rows(waiting)).length === 0);
      await other.query('commit')
      assert.deepEqual((await me(await signingIn)).permissions, ['patients:find'])
    } finally {
      await other.end()
    }
  })

  it('are never given what the administrator lacks, and that of administrators keeps the essentials', async () => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    await assert.rejects(
      admin.call(roleApi.write, { params: { name: 'helper' }, body: { permissions: ['chart:write'] } }),
      refusedWith(beyondOwnRights),
    )
    await assert.rejects(
      admin.call(roleApi.write, { params: { name: 'helper' }, body: { permissions: ['nothing:known'] } }),
      refusedWith(beyondOwnRights),
    )
    const { permissions } = await admin.call(roleApi.read, { params: { name: 'admin' } })
    await assert.rejects(
      admin.call(roleApi.write, {
        params: { name: 'admin' },
        body: { permissions: permissions.filter((one) => one !== 'users:update') },
      }),
      refusedWith(roleProtected),
    )
  })
})
