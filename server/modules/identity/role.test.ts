import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { conflict, notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { signedInAs, testAccount } from './accounts.testing.ts'
import { mfaEnrollmentRequired } from './login.contract.ts'
import { roleApi, roleProtected } from './role.contract.ts'
import { sessionApi } from './session.contract.ts'
import { beyondOwnRights } from './user.contract.ts'

/** What comes of `asked`, which waits for a role that another is changing and then has changed. */
async function whileRoleChanges<T>(api: TestApi, change: string, asked: () => Promise<T>): Promise<T> {
  const other = new pg.Client({ connectionString: api.owner_url })
  await other.connect()
  try {
    await other.query('begin')
    await other.query(change)
    let isDone = false
    const asking = asked().finally(() => void (isDone = true))
    asking.catch(() => undefined)
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while (!isDone && (await api.rows(waiting)).length === 0);
    await other.query('commit')
    return await asking
  } finally {
    await other.end()
  }
}

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
    const change = `update roles set permissions = array['patients:find'], version = version + 1 where name = 'staff'`
    const headers = await whileRoleChanges(api, change, async () => {
      const session = await signedInAs(api, ada)
      await me(session.headers)
      return session.headers
    })
    assert.deepEqual((await me(headers)).permissions, ['patients:find'])
  })

  it('that ask for a second factor while somebody signs in without one let nobody in', async () => {
    await using api = await startTestApi()
    const ada = await testAccount(api, { role: 'staff' })
    const change = `update roles set mfa = 'required', version = version + 1 where name = 'staff'`
    await assert.rejects(
      whileRoleChanges(api, change, () => signedInAs(api, ada)),
      refusedWith(conflict),
    )
    await assert.rejects(signedInAs(api, ada), refusedWith(mfaEnrollmentRequired))
    assert.deepEqual(await api.rows(sql`select from sessions where user_id = ${ada.id}`), [])
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
