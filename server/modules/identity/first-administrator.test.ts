import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi } from '../../testing.ts'
import { bearer, testAccount, testPassword } from './accounts.testing.ts'
import { ensureFirstAdministrator } from './first-administrator.ts'
import { loginApi, type Tokens } from './login.contract.ts'
import { sessionApi } from './session.contract.ts'

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

  it('has the configured address and password', async () => {
    await using api = await startTestApi({ admin_email: 'chief@example.test', admin_password: testPassword })
    assert.equal(await ensureFirstAdministrator(api.system), undefined)
    assert.ok(await api.call(loginApi.login, { body: { email: 'Chief@example.test', password: testPassword } }))
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
