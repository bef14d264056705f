import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { sessionEnded } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { buildApp } from '../../app.ts'
import { bearer, testAccount, testPassword } from './accounts.testing.ts'
import { loginApi } from './login.contract.ts'
import { sessionApi } from './session.contract.ts'

describe('refreshing a session', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())

  async function signedIn(role = 'nurse') {
    const account = await testAccount(api, { role })
    const tokens = await api.call(loginApi.login, { body: { username: account.email, password: testPassword } })
    return { ...account, ...tokens, refresh_token: tokens.refresh_token ?? '' }
  }
  const refresh = async (refresh_token: string) => {
    const tokens = await api.call(loginApi.refresh, { body: { refresh_token } })
    return { ...tokens, refresh_token: tokens.refresh_token ?? '' }
  }
  const sessionsOf = (user_id: string) =>
    api.rows(sql<{ id: string; revoke_reason: string | null; hours: number; idle: number }>`
      select id, revoke_reason, extract(epoch from expires_at - created_at)::int / 3600 as hours,
             extract(epoch from idle_limit)::int / 60 as idle from sessions where user_id = ${user_id}`)

  it('gives the next pair, which works', async () => {
    const first = await signedIn()
    const second = await refresh(first.refresh_token)
    assert.notEqual(second.refresh_token, first.refresh_token)
    assert.equal((await api.call(sessionApi.me, {}, bearer(second.access_token))).id, first.id)
    assert.ok(await refresh(second.refresh_token))
  })

  it('ends the whole session when a spent token comes back, its live access tokens too', async () => {
    const first = await signedIn()
    const second = await refresh(first.refresh_token)
    const third = await refresh(second.refresh_token)
    assert.ok(await api.call(sessionApi.me, {}, bearer(third.access_token)))
    await assert.rejects(refresh(first.refresh_token), refusedWith(sessionEnded))
    await assert.rejects(refresh(third.refresh_token), refusedWith(sessionEnded))
    await assert.rejects(api.call(sessionApi.me, {}, bearer(third.access_token)), refusedWith(sessionEnded))
    const audited = await api.rows(
      sql`select outcome from audit_logs where user_id = ${first.id} and action = 'session.reuse_detected'`,
    )
    assert.deepEqual(audited, [{ outcome: 'failure' }])
    assert.equal((await sessionsOf(first.id))[0]?.revoke_reason, 'reuse_detected')
  })

  it('is told apart, where a spent token comes back to a session that had ended anyway', async () => {
    const first = await signedIn()
    await refresh((await refresh(first.refresh_token)).refresh_token)
    await api.call(sessionApi.logout, {}, bearer(first.access_token))
    await assert.rejects(refresh(first.refresh_token), refusedWith(sessionEnded))
    const audited = await api.rows(
      sql`select details from audit_logs where user_id = ${first.id} and action = 'session.reuse_detected'`,
    )
    assert.deepEqual(audited, [{ details: { reason: 'session_already_ended' } }])
  })

  it('is refused for a session of a password once passwords are off', async () => {
    const first = await signedIn()
    const { configuration } = api.system
    const app = await buildApp({ ...api.system, configuration: { ...configuration, local_passwords: false } })
    const { statusCode } = await app.http.inject({
      method: 'POST',
      url: loginApi.refresh.path,
      payload: { refresh_token: first.refresh_token },
    })
    await app.stop()
    assert.equal(statusCode, 401)
    const [audited] = await api.rows(sql`
      select outcome, details from audit_logs where user_id = ${first.id} and action = 'session.refresh'`)
    assert.deepEqual(audited, { outcome: 'failure', details: { reason: 'local_passwords_off' } })
    assert.ok(await refresh(first.refresh_token))
  })

  it('is refused to what is no refresh token, and recorded where anything was presented', async () => {
    for (const none of ['owr_x', '']) await assert.rejects(refresh(none), refusedWith(sessionEnded))
    const audited = await api.rows(sql`
      select outcome, host(ip_address) as ip_address, details from audit_logs where action = 'session.refresh' and session_id is null`)
    assert.deepEqual(audited, [{ outcome: 'failure', ip_address: '127.0.0.1', details: { reason: 'malformed_token' } }])
  })

  it('answers five requests that arrive together with one successor', async () => {
    const first = await signedIn()
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(first.refresh_token)))
    assert.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1)
    for (const { access_token } of answers) assert.ok(await api.call(sessionApi.me, {}, bearer(access_token)))
  })

  it('gives that successor to a request that had to wait for the first', async () => {
    const first = await signedIn()
    const other = new pg.Client({ connectionString: api.owner_url })
    await other.connect()
    try {
      await other.query('begin')
      await other.query('select from refresh_tokens for update')
      const answers = Promise.all([refresh(first.refresh_token), refresh(first.refresh_token)])
      await api.untilWaiting(2)
      await other.query('commit')
      const [one, two] = await answers
      assert.equal(one.refresh_token, two.refresh_token)
      assert.ok(await api.call(sessionApi.me, {}, bearer(two.access_token)))
    } finally {
      await other.end()
    }
  })

  it('forgives a lost answer for ten seconds and no longer', async () => {
    const first = await signedIn()
    const second = await refresh(first.refresh_token)
    assert.equal((await refresh(first.refresh_token)).refresh_token, second.refresh_token)
    await api.rows(
      sql`update refresh_tokens set spent_at = spent_at - interval '10 seconds' where spent_at is not null`,
    )
    await assert.rejects(refresh(first.refresh_token), refusedWith(sessionEnded))
  })

  it('keeps no token that could be read from the database', async () => {
    const first = await signedIn()
    const second = await refresh(first.refresh_token)
    const stored = JSON.stringify(
      await api.rows(sql`
      select encode(token_hash, 'hex') as hash, encode(sealed_successor, 'escape') as sealed from refresh_tokens`),
    )
    for (const token of [first.refresh_token, second.refresh_token]) {
      assert.ok(!stored.includes(token))
      assert.ok(!stored.includes(Buffer.from(token).toString('hex')))
    }
  })

  it('lasts seven days for a patient, and for staff twelve hours and as long as they are not idle', async () => {
    const [patient, nurse] = [await signedIn('patient'), await signedIn()]
    assert.deepEqual(
      (await sessionsOf(patient.id)).map(({ hours, idle }) => [hours, idle]),
      [[168, 10_080]],
    )
    assert.deepEqual(
      (await sessionsOf(nurse.id)).map(({ hours, idle }) => [hours, idle]),
      [[12, 30]],
    )
  })

  for (const [what, change] of [
    ['the account was deactivated', (id: string) => sql`update users set is_active = false where id = ${id}`],
    [
      'its idle limit has passed',
      (id: string) => sql`update sessions set last_used_at = now() - interval '31 minutes' where user_id = ${id}`,
    ],
    ['its twelve hours have passed', (id: string) => sql`update sessions set expires_at = now() where user_id = ${id}`],
    [
      'the role needs a second factor by now',
      (id: string) =>
        sql`with required as (update roles set mfa = 'required' where name = 'auditor') update users set role = 'auditor' where id = ${id}`,
    ],
  ] as const) {
    it(`is refused once ${what}, and recorded as a failure`, async () => {
      const first = await signedIn()
      await api.rows(change(first.id))
      await assert.rejects(refresh(first.refresh_token), refusedWith(sessionEnded))
      const audited = await api.rows(
        sql`select outcome from audit_logs where user_id = ${first.id} and action = 'session.refresh'`,
      )
      assert.deepEqual(audited, [{ outcome: 'failure' }])
    })
  }

  it('does not keep an idle session awake', async () => {
    const first = await signedIn()
    await api.rows(sql`update sessions set last_used_at = now() - interval '20 minutes' where user_id = ${first.id}`)
    await refresh(first.refresh_token)
    const [session] = await api.rows(
      sql<{
        idle: boolean
      }>`select last_used_at < now() - interval '19 minutes' as idle from sessions where user_id = ${first.id}`,
    )
    assert.equal(session?.idle, true)
  })

  it('is refused for a token that nobody was given', async () => {
    for (const token of ['', 'owr_', `owr_${'A'.repeat(43)}`, 'x'.repeat(200)])
      await assert.rejects(refresh(token), refusedWith(sessionEnded))
  })

  describe('by the console', () => {
    const asked = { 'content-type': 'application/json', 'x-openward-console': '1' }
    const post = (target: TestApi, url: string, body: object, headers: Record<string, string>) =>
      target.send({ method: 'POST', url, headers: { ...asked, ...headers }, body: JSON.stringify(body) })
    const cookieOf = ({ headers }: { headers: Record<string, string | undefined> }) =>
      String(headers['set-cookie'] ?? '')

    it('keeps the token in a cookie that no script and no other site can use', async () => {
      await using hospital = await startTestApi({ public_url: 'https://ward.example.test' })
      const { email } = await testAccount(hospital)
      const login = await post(hospital, loginApi.login.path, { username: email, password: testPassword }, {})
      assert.equal(JSON.parse(login.text).refresh_token, undefined)
      const [cookie = '', ...flags] = cookieOf(login).split('; ')
      assert.match(cookie, /^__Host-openward-refresh=owr_/)
      assert.deepEqual(flags, ['Path=/', 'Max-Age=604800', 'HttpOnly', 'SameSite=Strict', 'Secure'])

      for (const headers of [
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { origin: 'https://ward.example.test.evil.test' },
      ]) {
        assert.equal((await post(hospital, loginApi.refresh.path, {}, { cookie, ...headers })).status, 403)
      }
      const plain = await hospital.send({
        method: 'POST',
        url: loginApi.refresh.path,
        headers: { 'content-type': 'application/json', cookie },
        body: '{}',
      })
      assert.equal(plain.status, 403)
      const refreshed = await post(hospital, loginApi.refresh.path, {}, { cookie, origin: 'https://ward.example.test' })
      assert.equal(refreshed.status, 200)
      assert.notEqual(cookieOf(refreshed).split('; ')[0], cookie)

      const authorization = `Bearer ${JSON.parse(refreshed.text).access_token}`
      const logout = await hospital.send({ method: 'POST', url: sessionApi.logout.path, headers: { authorization } })
      assert.match(cookieOf(logout), /^__Host-openward-refresh=; Path=\/; Max-Age=0/)
      assert.match(logout.headers['clear-site-data'] ?? '', /"storage"/)
    })

    it('is refused without the cookie', async () => {
      assert.equal((await post(api, loginApi.refresh.path, {}, {})).status, 401)
    })
  })
})
