import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notFound, sessionEnded, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { signedInAs, testAccount, testPassword } from './accounts.testing.ts'
import { invalidCredentials, loginApi } from './login.contract.ts'
import { reauthRequired, sessionApi } from './session.contract.ts'

describe('the session', () => {
  it('tells who is signed in and what they may do', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const me = await nurse.call(sessionApi.me, {})
    assert.deepEqual([me.id, me.role, me.department_id], [nurse.user_id, 'nurse', nurse.department_id])
    assert.ok(me.permissions.includes('patients:read:department'))
  })

  it('ends at once for a token that is still valid', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse')
    await nurse.call(sessionApi.me, {})
    await api.rows(sql`update sessions set revoked_at = now() where id = ${nurse.session_id}`)
    await assert.rejects(nurse.call(sessionApi.me, {}), refusedWith(sessionEnded))
  })

  it('shows changed rights on the next request', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse')
    await nurse.call(sessionApi.me, {})
    await api.rows(sql`update users set role = 'auditor', authority_version = 2 where id = ${nurse.user_id}`)
    assert.equal((await nurse.call(sessionApi.me, {})).role, 'auditor')
  })

  it('is refused without a token', async () => {
    await using api = await startTestApi()
    await assert.rejects(api.call(sessionApi.me, {}), refusedWith(unauthenticated))
  })
})

describe("one's own sessions", () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())

  it("are listed with the latest attempts to sign in, and nobody else's", async () => {
    const [ada, other] = [await testAccount(api), await testAccount(api)]
    await signedInAs(api, other)
    await assert.rejects(api.call(loginApi.login, { body: { username: ada.email, password: 'wrong' } }))
    await signedInAs(api, ada)
    const { headers } = await signedInAs(api, ada)
    const { items, recent_attempts } = await api.call(sessionApi.sessions, {}, headers)
    assert.deepEqual(
      items.map(({ is_current }) => is_current),
      [true, false],
    )
    assert.deepEqual(
      recent_attempts.map(({ outcome, reason }) => [outcome, reason]),
      [
        ['success', null],
        ['success', null],
        ['failure', 'wrong_password'],
      ],
    )
  })

  it('end at once when one signs out, here or everywhere', async () => {
    const ada = await testAccount(api)
    const [first, second, third] = [await signedInAs(api, ada), await signedInAs(api, ada), await signedInAs(api, ada)]
    await api.call(sessionApi.logout, {}, first.headers)
    await assert.rejects(api.call(sessionApi.me, {}, first.headers), refusedWith(sessionEnded))
    await assert.rejects(
      api.call(loginApi.refresh, { body: { refresh_token: first.refresh_token } }),
      refusedWith(sessionEnded),
    )
    await api.call(sessionApi.logoutAll, {}, second.headers)
    for (const { headers } of [second, third])
      await assert.rejects(api.call(sessionApi.me, {}, headers), refusedWith(sessionEnded))
  })

  it('are ended only by their owner, and after a recent sign-in', async () => {
    const [ada, eve] = [await testAccount(api), await testAccount(api)]
    await signedInAs(api, ada)
    const { headers } = await signedInAs(api, ada, { minutes_ago: 6 })
    const stranger = await signedInAs(api, eve)
    const { items } = await api.call(sessionApi.sessions, {}, headers)
    const session_id = items.find(({ is_current }) => !is_current)?.id ?? ''
    await assert.rejects(
      api.call(sessionApi.endSession, { params: { session_id } }, stranger.headers),
      refusedWith(notFound),
    )
    await assert.rejects(
      api.call(sessionApi.endSession, { params: { session_id } }, headers),
      refusedWith(reauthRequired),
    )
    await assert.rejects(
      api.call(sessionApi.reauthenticate, { body: { password: 'wrong' } }, headers),
      refusedWith(invalidCredentials),
    )
    await api.call(sessionApi.reauthenticate, { body: { password: testPassword } }, headers)
    await api.call(sessionApi.endSession, { params: { session_id } }, headers)
    assert.equal((await api.call(sessionApi.sessions, {}, headers)).items.length, 1)
    await assert.rejects(api.call(sessionApi.endSession, { params: { session_id } }, headers), refusedWith(notFound))
  })

  it('are idle while a client only polls or refreshes', async () => {
    const nurse = await api.person('nurse', { idle_limit: '10 minutes' })
    await api.rows(sql`update sessions set last_used_at = now() - interval '10 minutes' where id = ${nurse.session_id}`)
    await assert.rejects(nurse.call(sessionApi.me, {}, { 'x-background': '1' }), refusedWith(sessionEnded))
  })

  it('are used by what a person asks for, and not by what a page asks for while nobody is at it', async () => {
    const nurse = await api.person('nurse', { idle_limit: '30 minutes' })
    const idleMinutes = async () => {
      const [session] = await api.rows(
        sql<{ minutes: number }>`
          select floor(extract(epoch from now() - last_used_at) / 60)::int as minutes from sessions where id = ${nurse.session_id}`,
      )
      return session?.minutes
    }
    await api.rows(sql`update sessions set last_used_at = now() - interval '10 minutes' where id = ${nurse.session_id}`)
    await nurse.call(sessionApi.me, {}, { 'x-openward-unattended': '1' })
    assert.equal(await idleMinutes(), 10)
    await nurse.call(sessionApi.me, {})
    assert.equal(await idleMinutes(), 0)
  })
})
