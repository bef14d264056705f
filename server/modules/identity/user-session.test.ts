import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, notFound, sessionEnded } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { signedInAs, testAccount } from './accounts.testing.ts'
import { sessionApi } from './session.contract.ts'
import { userSessionApi } from './user-session.contract.ts'
import { beyondOwnRights } from './user.contract.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

describe('the sessions of another', () => {
  const me = (headers: Record<string, string>) => api.call(sessionApi.me, {}, headers)

  it('are seen by an administrator, who ends one and leaves the others', async () => {
    const ada = await testAccount(api)
    const [lost, kept] = [await signedInAs(api, ada), await signedInAs(api, ada)]
    const params = { user_id: ada.id }
    const { items } = await admin.call(userSessionApi.listSessions, { params })
    assert.deepEqual(
      items.map(({ is_current, method, ip_address }) => [is_current, method, ip_address]),
      Array.from({ length: 2 }, () => [false, 'password', '127.0.0.1']),
    )
    const session_id = items[1]?.id ?? ''
    const end = () => admin.call(userSessionApi.endSession, { params: { ...params, session_id } })
    await end()
    await assert.rejects(me(lost.headers), refusedWith(sessionEnded))
    assert.equal((await me(kept.headers)).id, ada.id)
    assert.equal((await admin.call(userSessionApi.listSessions, { params })).items.length, 1)
    // It has ended: there is nothing more to end.
    await assert.rejects(end(), refusedWith(notFound))
    assert.deepEqual(
      await api.rows(
        sql`select action, outcome, user_id from audit_logs where resource_id = ${session_id} and action = 'session.end' order by id`,
      ),
      [
        { action: 'session.end', outcome: 'success', user_id: admin.user_id },
        { action: 'session.end', outcome: 'denied', user_id: admin.user_id },
      ],
    )
    assert.deepEqual(await api.rows(sql`select revoke_reason from sessions where id = ${session_id}`), [
      { revoke_reason: 'ended_by_administrator' },
    ])
  })

  it('are all ended by an administrator', async () => {
    const ada = await testAccount(api)
    const [one, other] = [await signedInAs(api, ada), await signedInAs(api, ada)]
    await admin.call(userSessionApi.endSessions, { params: { user_id: ada.id } })
    for (const { headers } of [one, other]) await assert.rejects(me(headers), refusedWith(sessionEnded))
    assert.deepEqual(await admin.call(userSessionApi.listSessions, { params: { user_id: ada.id } }), { items: [] })
  })

  it('are not ended under the name of a third', async () => {
    const [ada, bob] = [await testAccount(api), await testAccount(api)]
    const { headers } = await signedInAs(api, ada)
    const [session] = (await admin.call(userSessionApi.listSessions, { params: { user_id: ada.id } })).items
    const params = { user_id: bob.id, session_id: session?.id ?? '' }
    await assert.rejects(admin.call(userSessionApi.endSession, { params }), refusedWith(notFound))
    assert.equal((await me(headers)).id, ada.id)
  })

  it('are not ended by whoever governs less, and not seen by whoever looks after no accounts', async () => {
    await api.rows(sql`insert into roles (name, permissions) values ('desk_lead', ${['users:read', 'users:update']})`)
    const [lead, nurse] = [await api.person('desk_lead'), await api.person('nurse')]
    const params = { user_id: admin.user_id, session_id: admin.session_id }
    await assert.rejects(lead.call(userSessionApi.endSession, { params }), refusedWith(beyondOwnRights))
    await assert.rejects(
      nurse.call(userSessionApi.listSessions, { params: { user_id: lead.user_id } }),
      refusedWith(forbidden),
    )
    await assert.rejects(
      lead.call(userSessionApi.listSessions, { params: { user_id: crypto.randomUUID() } }),
      refusedWith(notFound),
    )
    assert.equal((await admin.call(sessionApi.me, {})).id, admin.user_id)
  })
})
