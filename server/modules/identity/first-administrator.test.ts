import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { invalidRequest, passwordChangeRequired } from '#platform/contract/problem.ts'
import { buildApp } from '../../app.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { accountApi } from './account.contract.ts'
import { bearer, testAccount, testPassword } from './accounts.testing.ts'
import { ensureFirstAdministrator } from './first-administrator.ts'
import { loginApi, type Tokens } from './login.contract.ts'
import { sessionApi } from './session.contract.ts'
import { userApi } from './user.contract.ts'

describe('the first administrator', () => {
  it('is made once, by servers that start together, with a password that signs in', async () => {
    await using api = await startTestApi()
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureFirstAdministrator(api.system)))
    const [first, ...rest] = made.filter((one) => one !== undefined)
    assert.ok(first)
    assert.deepEqual(rest, [])
    assert.deepEqual(await api.rows(sql`select count(*)::int from users`), [{ count: 1 }])
    for (const username of [first.username, first.email]) {
      const tokens: Tokens = await api.call(loginApi.login, { body: { username, password: first.password } })
      assert.equal((await api.call(sessionApi.me, {}, bearer(tokens.access_token))).role, 'admin')
    }
    assert.equal(await ensureFirstAdministrator(api.system), undefined)
  })

  it('is the only one there is: no pair that anybody would try signs in', async () => {
    await using api = await startTestApi()
    await ensureFirstAdministrator(api.system)
    const names = [
      'admin',
      'administrator',
      'root',
      'openward',
      'admin@openward.local',
      'user',
      'guest',
      'test',
      'doctor',
      'demo',
    ]
    const passwords = ['admin', 'password', 'openward', 'changeme', 'admin123', 'Admin123', '']
    let tried = 0
    for (const username of names) {
      for (const password of [...passwords, username, `${username}123`]) {
        const body = JSON.stringify({ username, password })
        const headers = { 'content-type': 'application/json' }
        const { status } = await api.send({ method: 'POST', url: loginApi.login.path, headers, body })
        tried += 1
        // Whoever was tried too often is not answered any more, which is no sign-in either.
        assert.ok([401, 422, 429].includes(status), `${username} / ${password}: ${status}`)
      }
    }
    assert.ok(tried >= 30)
    assert.deepEqual(await api.rows(sql`select from sessions`), [])
  })

  it('does nothing with the password that was printed but choose another', async () => {
    await using api = await startTestApi()
    const first = await ensureFirstAdministrator(api.system)
    const printed = first?.password ?? ''
    const tokens: Tokens = await api.call(loginApi.login, { body: { username: 'admin', password: printed } })
    const headers = bearer(tokens.access_token)
    const me = () => api.call(sessionApi.me, {}, headers)
    assert.equal((await me()).must_change_password, true)
    for (const refused of [
      () => api.call(userApi.list, { query: {} }, headers),
      () => api.call(sessionApi.sessions, {}, headers),
      () => api.call(accountApi.profile, {}, headers),
    ])
      await assert.rejects(refused(), refusedWith(passwordChangeRequired))
    assert.deepEqual(await api.rows(sql`select outcome, details from audit_logs where action = 'user.list'`), [
      { outcome: 'denied', details: { code: 'password_change_required' } },
    ])
    const change = (new_password: string) =>
      api.call(accountApi.changePassword, { body: { current_password: printed, new_password } }, headers)
    await assert.rejects(change(printed), refusedWith(invalidRequest, '/body/new_password'))
    await assert.rejects(
      me().then(() => api.call(userApi.list, { query: {} }, headers)),
      refusedWith(passwordChangeRequired),
    )
    await change(testPassword)
    assert.equal((await api.call(userApi.list, { query: {} }, headers)).total, 1)
    assert.equal((await me()).must_change_password, false)
  })

  it('goes on at another server with the very next request after choosing', async () => {
    await using api = await startTestApi()
    const first = await ensureFirstAdministrator(api.system)
    const printed = first?.password ?? ''
    const { access_token }: Tokens = await api.call(loginApi.login, { body: { username: 'admin', password: printed } })
    const other = await buildApp(api.system)
    const list = async () =>
      (await other.http.inject({ method: 'GET', url: userApi.list.path, headers: bearer(access_token) })).statusCode
    assert.equal(await list(), 403)
    const body = { current_password: printed, new_password: testPassword }
    await api.call(accountApi.changePassword, { body }, bearer(access_token))
    assert.equal(await list(), 200)
    await other.http.close()
  })

  it('has the configured address and password', async () => {
    await using api = await startTestApi({ admin_email: 'chief@example.test', admin_password: testPassword })
    assert.equal(await ensureFirstAdministrator(api.system), undefined)
    const tokens = await api.call(loginApi.login, { body: { email: 'Chief@example.test', password: testPassword } })
    assert.equal((await api.call(userApi.list, { query: {} }, bearer(tokens.access_token))).total, 1)
  })

  it('is not made with a known password in production', async () => {
    await using api = await startTestApi({
      production: true,
      admin_email: 'chief@example.test',
      admin_password: 'passwordpassword',
    })
    await assert.rejects(ensureFirstAdministrator(api.system), /OPENWARD_ADMIN_PASSWORD is refused/)
  })

  it('is not made where someone exists', async () => {
    await using api = await startTestApi()
    await testAccount(api)
    assert.equal(await ensureFirstAdministrator(api.system), undefined)
  })
})
