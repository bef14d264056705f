import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError } from '#platform/configuration.ts'
import { sessionEnded } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { openJobs } from '#platform/jobs/jobs.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { accountApi } from './account.contract.ts'
import { bearer, signedInAs, testAccount, testPassword } from './accounts.testing.ts'
import { identity } from './index.ts'
import { invalidCredentials, loginApi } from './login.contract.ts'
import { createOidcClient, type OidcSettings } from './oidc-client.ts'
import { oidcApi } from './oidc.contract.ts'
import { type Answer, type Claims, comeBack as comeBackTo, startOrganisation } from './oidc.testing.ts'
import { sessionApi } from './session.contract.ts'
import { userApi } from './user.contract.ts'

const public_url = 'http://127.0.0.1:5912'

describe('signing in with the organisation', () => {
  let api: TestApi
  let organisation: Awaited<ReturnType<typeof startOrganisation>>
  before(async () => {
    organisation = await startOrganisation(5911, public_url)
    api = await startTestApi({ public_url, oidc: organisation.settings, local_passwords: false })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await organisation.stop()
  })

  const signInAtProvider = (claims: Claims) => organisation.signInAtProvider(api, claims)
  const comeBack = (answer: Answer) => comeBackTo(api, answer)
  const me = (token: string) => api.call(sessionApi.me, {}, bearer(token))

  it('makes an account with the role of the group, and knows it again', async () => {
    const claims = {
      sub: 'ada',
      email: 'Ada@example.test',
      email_verified: true,
      given_name: 'Ada',
      family_name: 'Lovelace',
      groups: ['other', 'wards'],
    }
    const first = await comeBack(await signInAtProvider(claims))
    assert.equal(first.status, 200)
    const person = await me(first.body.access_token ?? '')
    assert.deepEqual(
      [person.role, person.first_name, person.email, person.email_verified],
      ['nurse', 'Ada', 'Ada@example.test', true],
    )
    const again = await comeBack(await signInAtProvider({ ...claims, groups: ['wards', 'chiefs'] }))
    assert.deepEqual(
      [(await me(again.body.access_token ?? '')).id, (await me(again.body.access_token ?? '')).role],
      [person.id, 'admin'],
    )
    assert.ok(await api.call(loginApi.refresh, { body: { refresh_token: again.body.refresh_token ?? '' } }))
  })

  it('leads the console on with a cookie that goes on with the session, and says at the sign-in why it does not', async () => {
    assert.deepEqual(await api.call(oidcApi.methods, {}), { password: false, organisation: true })
    const goAndComeBack = async (claims: Claims) => {
      const { url, cookie } = await organisation.signInAtProvider(api, claims, '?for=console')
      assert.ok(url.startsWith('/api/v1/auth/oidc/console?'))
      return api.send({ method: 'GET', url, headers: { cookie } })
    }
    const back = await goAndComeBack({
      sub: 'cleo',
      email: 'cleo@example.test',
      email_verified: true,
      groups: ['wards'],
    })
    assert.deepEqual([back.status, back.headers.location, back.text], [303, '/', ''])
    const kept = [back.headers['set-cookie']].flat().find((line) => String(line).includes('openward-refresh='))
    assert.match(
      String(kept),
      /^__Host-openward-refresh=owr_[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    )
    const cookie = String(kept).split(';')[0] ?? ''
    const { access_token } = await api.call(
      loginApi.refresh,
      { body: {} },
      { cookie, 'x-openward-console': '1', 'sec-fetch-site': 'same-origin' },
    )
    assert.equal((await me(access_token)).role, 'nurse')
    const refused = await goAndComeBack({ sub: 'eve', email: 'eve@example.test', groups: [] })
    assert.deepEqual([refused.status, refused.headers.location], [303, '/sign-in#oidc_no_role'])
  })

  it('does not lead the console on where the server fails', async () => {
    const claims = { sub: 'eve', email: 'eve@example.test', email_verified: true, groups: ['wards'] }
    const { url, cookie } = await organisation.signInAtProvider(api, claims, '?for=console')
    await api.rows(sql`alter table sessions rename to sessions_away`)
    const { status, headers } = await api.send({ method: 'GET', url, headers: { cookie } })
    await api.rows(sql`alter table sessions_away rename to sessions`)
    assert.deepEqual([status, headers.location], [500, undefined])
  })

  it('is not finished for the console by who began it for themselves', async () => {
    const { url, cookie } = await organisation.signInAtProvider(api, {
      sub: 'ada',
      email: 'Ada@example.test',
      groups: ['wards'],
    })
    const there = url.replace('/callback?', '/console?')
    const back = await api.send({ method: 'GET', url: there, headers: { cookie } })
    assert.deepEqual([back.status, back.headers.location], [303, '/sign-in#oidc_refused'])
  })

  it('refuses who is in no mapped group, and ends the sessions of who no longer is', async () => {
    const claims = { sub: 'bob', email: 'bob@example.test', email_verified: true, groups: ['wards'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    const refused = await comeBack(await signInAtProvider({ ...claims, groups: ['garden'] }))
    assert.deepEqual([refused.status, refused.body.code], [403, 'oidc_no_role'])
    await assert.rejects(me(body.access_token ?? ''), { kind: sessionEnded })
    const stranger = await comeBack(await signInAtProvider({ sub: 'eve', email: 'eve@example.test', groups: [] }))
    assert.equal(stranger.body.code, 'oidc_no_role')
  })

  it('takes over an account that was made for that address, but not one that a patient made', async () => {
    const [made, registered] = [await testAccount(api, { role: 'nurse' }), await testAccount(api, { role: 'patient' })]
    const { body } = await comeBack(
      await signInAtProvider({ sub: 'made', email: made.email, email_verified: true, groups: ['wards'] }),
    )
    assert.equal((await me(body.access_token ?? '')).id, made.id)
    const other = await comeBack(
      await signInAtProvider({ sub: 'registered', email: registered.email, email_verified: true, groups: ['chiefs'] }),
    )
    assert.deepEqual([other.status, other.body.code], [409, 'account_exists'])
    const unverified = await testAccount(api, { role: 'nurse' })
    const guess = await comeBack(
      await signInAtProvider({ sub: 'guess', email: unverified.email, email_verified: false, groups: ['chiefs'] }),
    )
    assert.equal(guess.body.code, 'account_exists')
  })

  it('leaves no way in to whoever made an account with that address before its owner came', async () => {
    const claimed = await testAccount(api, { role: 'doctor', verified: false, mfa: true })
    const claims = { sub: 'owner', email: claimed.email, email_verified: true, groups: ['wards'] }
    const stolen = await api.signIn(claimed.id)
    const { body } = await comeBack(await signInAtProvider(claims))
    assert.equal((await me(body.access_token ?? '')).id, claimed.id)
    await assert.rejects(me(stolen.token), { kind: sessionEnded })
    const [left] = await api.rows(sql`
      select password_hash, mfa_enabled, email_verified_at is not null as is_verified from users where id = ${claimed.id}`)
    assert.deepEqual(left, { password_hash: null, mfa_enabled: false, is_verified: true })
  })

  it('is not held up by a password that has to be changed', async () => {
    const made = await testAccount(api, { role: 'nurse' })
    await api.rows(sql`update users set must_change_password = true where id = ${made.id}`)
    const claims = { sub: 'printed', email: made.email, email_verified: true, groups: ['wards'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    assert.deepEqual(
      [(await me(body.access_token ?? '')).id, (await me(body.access_token ?? '')).must_change_password],
      [made.id, false],
    )
  })

  it('is from then on the only way in: a password would outlast the group', async () => {
    await using open = await startTestApi({ public_url, oidc: organisation.settings })
    const nurse = await testAccount(open, { mfa: true })
    const [otp = '', next = ''] = nurse.recovery_codes
    const before = await signedInAs(open, nurse, { otp })
    const claims = { sub: 'linked', email: nurse.email, email_verified: true, groups: ['wards'] }
    const signIn = async () => comeBackTo(open, await organisation.signInAtProvider(open, claims))
    const headers = bearer((await signIn()).body.access_token ?? '')
    assert.equal((await open.call(sessionApi.me, {}, headers)).id, nurse.id)
    await assert.rejects(open.call(sessionApi.me, {}, before.headers), { kind: sessionEnded })
    const [left] = await open.rows(sql`
      select password_hash, mfa_enabled, (select count(*)::int from recovery_codes where user_id = users.id) as codes
        from users where id = ${nurse.id}`)
    assert.deepEqual(left, { password_hash: null, mfa_enabled: false, codes: 0 })
    // As somebody has it who was linked before passwords were cleared.
    const { id: other } = await testAccount(open)
    await open.rows(
      sql`update users set password_hash = (select password_hash from users where id = ${other}) where id = ${nurse.id}`,
    )
    const body = { current_password: testPassword, new_password: 'amber lantern orchard 27' }
    for (const attempt of [
      open.call(loginApi.login, { body: { username: nurse.email, password: testPassword, otp: next } }),
      open.call(sessionApi.reauthenticate, { body: { password: testPassword } }, headers),
      open.call(accountApi.changePassword, { body }, headers),
    ])
      await assert.rejects(attempt, refusedWith(invalidCredentials))
  })

  it('lets the first administrator go on, whose printed password nobody can change any more', async () => {
    const first = await testAccount(api, { role: 'admin', verified: false })
    await api.rows(sql`update users set must_change_password = true where id = ${first.id}`)
    const claims = { sub: 'first', email: first.email, email_verified: true, groups: ['chiefs'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    const headers = bearer(body.access_token ?? '')
    assert.equal((await api.call(sessionApi.me, {}, headers)).must_change_password, false)
    assert.ok((await api.call(userApi.list, { query: {} }, headers)).total > 0)
  })

  it('refuses an account that is not active', async () => {
    const claims = { sub: 'carl', email: 'carl@example.test', email_verified: true, groups: ['wards'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    await api.rows(sql`update users set is_active = false where id = ${(await me(body.access_token ?? '')).id}`)
    assert.equal((await comeBack(await signInAtProvider(claims))).body.code, 'account_inactive')
  })

  it('leaves the last administrator what they are, whatever their groups say, and records both', async () => {
    const roleOf = async ({ body }: { body: Record<string, string> }) => me(body.access_token ?? '')
    await api.rows(sql`update users set is_active = false where role = 'admin'`)
    const claims = { sub: 'boss', email: 'boss@example.test', email_verified: true, groups: ['chiefs'] }
    const boss = await roleOf(await comeBack(await signInAtProvider(claims)))
    assert.equal(boss.role, 'admin')
    const demoted = { ...claims, groups: ['wards'] }
    const kept = await comeBack(await signInAtProvider(demoted))
    assert.equal((await roleOf(kept)).role, 'admin')
    await api.person('admin')
    assert.equal((await roleOf(await comeBack(await signInAtProvider(demoted)))).role, 'nurse')
    const entries = await api.rows(sql`
      select outcome, details from audit_logs where action = 'user.update' and resource_id = ${boss.id} order by id`)
    assert.deepEqual(entries, [
      { outcome: 'denied', details: { method: 'oidc', role: 'nurse', reason: 'last_administrator' } },
      { outcome: 'success', details: { method: 'oidc', role: 'nurse', fields: ['role'] } },
    ])
  })

  it('takes an answer once, only in the browser that left, and only as it was given', async () => {
    const claims = { sub: 'dora', email: 'dora@example.test', email_verified: true, groups: ['wards'] }
    const answer = await signInAtProvider(claims)
    assert.equal((await comeBack({ ...answer, cookie: 'openward-oidc=owo_other' })).body.code, 'oidc_refused')
    assert.equal((await comeBack({ ...answer, cookie: '' })).status, 401)
    assert.equal((await comeBack(answer)).status, 200)
    assert.equal((await comeBack(answer)).body.code, 'oidc_refused')
    const forged = await signInAtProvider(claims)
    assert.equal(
      (await comeBack({ ...forged, url: forged.url.replace(/code=[^&]+/, 'code=invented') })).body.code,
      'oidc_refused',
    )
    const mixed = await signInAtProvider(claims)
    assert.equal(
      (await comeBack({ ...mixed, url: mixed.url.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.test') })).body.code,
      'oidc_refused',
    )
    const [audited] = await api.rows(sql<{ count: number }>`
      select count(*)::int as count from audit_logs where action = 'session.login' and outcome = 'failure' and details ->> 'method' = 'oidc'`)
    assert.ok((audited?.count ?? 0) >= 5)
  })

  it('refuses who has no address, and keeps nothing of them', async () => {
    const { username } = await testAccount(api, { username: 'eve.of.the.wards' })
    for (const email of [undefined, ' ', username]) {
      const claims = { sub: 'eve', ...(email ? { email, email_verified: true } : {}), groups: ['wards'] }
      const { status, body } = await comeBack(await signInAtProvider(claims))
      assert.deepEqual([status, body.code], [403, 'oidc_no_email'])
    }
    const [entry] = await api.rows(sql`select details ->> 'reason' as reason from audit_logs order by id desc limit 1`)
    assert.deepEqual(entry, { reason: 'no_email' })
  })

  it('is kept by the browser of an https address for https alone', async () => {
    const { settings } = organisation
    await using secure = await startTestApi({ public_url: 'https://ward.example.test', oidc: settings })
    const start = await secure.send({ method: 'GET', url: oidcApi.start.path, headers: {} })
    assert.match(start.headers['set-cookie'] ?? '', /^openward-oidc=\S+; .*HttpOnly; SameSite=Lax; Secure$/)
    const plain = await api.send({ method: 'GET', url: oidcApi.start.path, headers: {} })
    assert.match(plain.headers['set-cookie'] ?? '', /; SameSite=Lax$/)
  })

  it('never asks a provider over plain http in production', async () => {
    const client = createOidcClient(organisation.settings, { ...api.configuration, production: true })
    await assert.rejects(client.begin('state', 'callback'), {
      message: 'OIDC_ISSUER must be an https address in production',
    })
  })

  it('takes what the token itself says, where the provider tells it there and nowhere else', async () => {
    const terse = await startOrganisation(5914, public_url, {
      conformIdTokenClaims: false,
      features: { userinfo: { enabled: false } },
    })
    await using other = await startTestApi({ public_url, oidc: terse.settings })
    const signIn = async (claims: Claims) => comeBackTo(other, await terse.signInAtProvider(other, claims))
    const claims = { sub: 'fay', email: 'fay@example.test', email_verified: true, groups: ['wards'] }
    const { body } = await signIn(claims)
    const person = await other.call(sessionApi.me, {}, bearer(body.access_token ?? ''))
    assert.deepEqual([person.role, person.email, person.first_name], ['nurse', 'fay@example.test', '—'])
    assert.equal((await signIn({ sub: 'gus', email: 'gus@example.test' })).body.code, 'oidc_no_role')
    const answer = await terse.signInAtProvider(other, claims)
    await terse.stop()
    assert.deepEqual(await comeBackTo(other, answer).then(({ status, body: { code } }) => [status, code]), [
      503,
      'unavailable',
    ])
  })

  it('is not there where no organisation is configured', async () => {
    await using plain = await startTestApi()
    for (const url of [oidcApi.start.path, `${oidcApi.callback.path}?code=x&state=y`])
      assert.equal((await plain.send({ method: 'GET', url, headers: {} })).status, 404)
  })

  it('keeps a server from starting whose groups are given a role that does not exist', async () => {
    await using plain = await startTestApi()
    const open = (group_roles: OidcSettings['group_roles']) => {
      const oidc = { ...organisation.settings, group_roles }
      const system = { ...plain.system, configuration: { ...plain.configuration, oidc } }
      return identity.open(system, openJobs(system))
    }
    await assert.rejects(
      open([
        ['chiefs', 'admin'],
        ['wards', 'nurses'],
      ]),
      (error: unknown) =>
        error instanceof ConfigurationError && /OIDC_GROUP_ROLES names roles .*: nurses: mend/.test(error.message),
    )
  })

  it('says so when the organisation does not answer', async () => {
    await using lost = await startTestApi({
      oidc: {
        issuer: 'http://127.0.0.1:5913',
        client_id: 'x',
        client_secret: undefined,
        groups_claim: 'groups',
        group_roles: [],
      },
    })
    assert.equal((await lost.send({ method: 'GET', url: oidcApi.start.path, headers: {} })).status, 503)
  })
})
