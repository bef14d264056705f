import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import {
  invalidRequest,
  passwordChangeRequired,
  Problem,
  sessionEnded,
  unauthenticated,
} from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { accountApi, tokenInvalid } from './account.contract.ts'
import { bearer, newestMail, signedInAs, testAccount, testPassword } from './accounts.testing.ts'
import {
  accountInactive,
  invalidCredentials,
  loginApi,
  otpInvalid,
  otpRequired,
  signInLocked,
} from './login.contract.ts'
import {
  mfaAlreadyEnabled,
  mfaNotEnabled,
  mfaApi,
  mfaNotStarted,
  mfaRequiredByRole,
  passwordTooShortAlone,
} from './mfa.contract.ts'
import { roleApi } from './role.contract.ts'
import { reauthRequired, sessionApi } from './session.contract.ts'
import { userApi } from './user.contract.ts'

const codeOf = (secret: string, shift_seconds = 0) =>
  new TOTP({ secret }).generate({ timestamp: Temporal.Now.instant().epochMilliseconds + shift_seconds * 1000 })

describe('the second factor', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())
  const signIn = (username: string, password: string, otp?: string) =>
    api.call(loginApi.login, { body: { username, password, ...(otp ? { otp } : {}) } })

  it('is on once a code of it was seen, and then asked for', async () => {
    const ada = await testAccount(api)
    const { headers } = await signedInAs(api, ada)
    await assert.rejects(api.call(mfaApi.confirm, { body: { code: '123456' } }, headers), refusedWith(mfaNotStarted))
    const { secret, otpauth_uri } = await api.call(mfaApi.enroll, {}, headers)
    assert.match(otpauth_uri, /^otpauth:\/\/totp\//)
    assert.ok(await signIn(ada.email, testPassword))
    await assert.rejects(
      api.call(mfaApi.confirm, { body: { code: codeOf(secret, -300) } }, headers),
      refusedWith(otpInvalid),
    )
    const code = codeOf(secret)
    const { recovery_codes } = await api.call(mfaApi.confirm, { body: { code } }, headers)
    assert.equal(recovery_codes.length, 10)
    await assert.rejects(signIn(ada.email, testPassword), refusedWith(otpRequired))
    await assert.rejects(signIn(ada.email, testPassword, code), refusedWith(otpInvalid))
    assert.ok(await signIn(ada.email, testPassword, codeOf(secret, 30)))
    assert.match((await newestMail(api, ada.email))?.text ?? '', /second factor/)
    await assert.rejects(api.call(mfaApi.enroll, {}, headers), refusedWith(mfaAlreadyEnabled))
  })

  it('leaves a trace of every first code that was wrong', async () => {
    const ada = await testAccount(api)
    const { headers } = await signedInAs(api, ada)
    const { secret } = await api.call(mfaApi.enroll, {}, headers)
    const wrong = { body: { code: codeOf(secret, -300) } }
    await assert.rejects(api.call(mfaApi.confirm, wrong, headers), refusedWith(otpInvalid))
    const audited = await api.rows(sql`
      select outcome, details from audit_logs where action = 'mfa.confirm' and user_id = ${ada.id}`)
    assert.deepEqual(audited, [{ outcome: 'failure', details: { method: 'otp', reason: 'wrong_otp' } }])
  })

  it('is set up only after a recent sign-in', async () => {
    const { headers } = await signedInAs(api, await testAccount(api), { minutes_ago: 6 })
    await assert.rejects(api.call(mfaApi.enroll, {}, headers), refusedWith(reauthRequired))
  })

  it('is taken away with both factors', async () => {
    const ada = await testAccount(api, { mfa: true })
    const [first = '', second = '', third = ''] = ada.recovery_codes
    const { headers } = await signedInAs(api, ada, { otp: first })
    await assert.rejects(
      api.call(mfaApi.disable, { body: { password: 'wrong', otp: second } }, headers),
      refusedWith(invalidCredentials),
    )
    await assert.rejects(
      api.call(mfaApi.disable, { body: { password: testPassword, otp: first } }, headers),
      refusedWith(otpInvalid),
    )
    await api.call(mfaApi.disable, { body: { password: testPassword, otp: third } }, headers)
    assert.ok(await signIn(ada.email, testPassword))
    assert.deepEqual(await api.rows(sql`select from recovery_codes where user_id = ${ada.id}`), [])
  })

  it('is taken away from nobody who has none', async () => {
    const ada = await testAccount(api)
    const { headers } = await signedInAs(api, ada)
    await assert.rejects(
      api.call(mfaApi.disable, { body: { password: testPassword, otp: '123456' } }, headers),
      refusedWith(mfaNotEnabled),
    )
  })

  it('allows a password of eight characters, which cannot stay alone', async () => {
    const ada = await testAccount(api, { mfa: true })
    const [first = '', second = '', third = ''] = ada.recovery_codes
    const { headers } = await signedInAs(api, ada, { otp: first })
    await api.call(
      accountApi.changePassword,
      { body: { current_password: testPassword, otp: second, new_password: 'kiwi-57z' } },
      headers,
    )
    await assert.rejects(
      api.call(mfaApi.disable, { body: { password: 'kiwi-57z', otp: third } }, headers),
      refusedWith(passwordTooShortAlone),
    )
  })

  it('leaves a password of eight characters that opens nothing but the choice of a longer one, once it was taken away', async () => {
    const [admin, ada, long] = [
      await api.person('admin'),
      await testAccount(api, { mfa: true }),
      await testAccount(api, { mfa: true }),
    ]
    const [first = '', second = ''] = ada.recovery_codes
    const change = async (
      current_password: string,
      new_password: string,
      headers: { authorization: string },
      otp = {},
    ) => api.call(accountApi.changePassword, { body: { current_password, new_password, ...otp } }, headers)
    await change(testPassword, 'kiwi-57z', (await signedInAs(api, ada, { otp: first })).headers, { otp: second })
    for (const { id } of [ada, long]) await admin.call(userApi.removeMfa, { params: { user_id: id } })
    const headers = bearer((await signIn(ada.email, 'kiwi-57z')).access_token)
    assert.equal((await api.call(sessionApi.me, {}, headers)).must_change_password, true)
    await assert.rejects(api.call(accountApi.profile, {}, headers), refusedWith(passwordChangeRequired))
    await assert.rejects(change('kiwi-57z', 'kiwi-58z', headers), refusedWith(invalidRequest, '/body/new_password'))
    await change('kiwi-57z', 'amber lantern orchard 27', headers)
    assert.ok(await api.call(accountApi.profile, {}, headers))
    const kept = bearer((await signIn(long.email, testPassword)).access_token)
    assert.equal((await api.call(sessionApi.me, {}, kept)).must_change_password, false)
  })

  it('keeps its secret and its codes unreadable', async () => {
    const ada = await testAccount(api, { mfa: true })
    const stored = JSON.stringify(
      await api.rows(
        sql`select encode(sealed_totp, 'escape') as totp, (select array_agg(encode(code_hash, 'escape')) from recovery_codes) as codes from users`,
      ),
    )
    for (const secret of [ada.totp_secret, ...ada.recovery_codes]) assert.ok(!stored.includes(secret))
  })
})

describe('a role that needs the second factor', () => {
  let api: TestApi
  before(async () => {
    api = await startTestApi()
    await api.rows(sql`update roles set mfa = 'required', version = version + 1 where name = 'doctor'`)
  })
  after(async () => api[Symbol.asyncDispose]())

  async function pending(email: string): Promise<string> {
    const error = await api.call(loginApi.login, { body: { username: email, password: testPassword } }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof Problem)
    assert.equal(error.kind.code, 'mfa_enrollment_required')
    return String(error.members.enrollment_token)
  }

  it('lets a person in once it is set up, with a token that does nothing else', async () => {
    const doc = await testAccount(api, { role: 'doctor' })
    const enrollment_token = await pending(doc.email)
    await assert.rejects(api.call(sessionApi.me, {}, bearer(enrollment_token)), refusedWith(unauthenticated))
    await assert.rejects(
      api.call(accountApi.resetPassword, { body: { token: enrollment_token, new_password: testPassword } }),
      refusedWith(tokenInvalid),
    )
    const { secret } = await api.call(mfaApi.enrollPending, { body: { enrollment_token } })
    await assert.rejects(
      api.call(mfaApi.confirmPending, { body: { enrollment_token, code: '000000' } }),
      refusedWith(otpInvalid),
    )
    const tokens = await api.call(mfaApi.confirmPending, { body: { enrollment_token, code: codeOf(secret) } })
    assert.equal(tokens.recovery_codes.length, 10)
    assert.equal((await api.call(sessionApi.me, {}, bearer(tokens.access_token))).mfa_enabled, true)
    await assert.rejects(api.call(mfaApi.enrollPending, { body: { enrollment_token } }), refusedWith(tokenInvalid))
  })

  it('records every attempt to come in so, and hears five wrong codes before it waits', async () => {
    const doc = await testAccount(api, { role: 'doctor' })
    const enrollment_token = await pending(doc.email)
    const { secret } = await api.call(mfaApi.enrollPending, { body: { enrollment_token } })
    const confirm = (code: string, token = enrollment_token) =>
      api.call(mfaApi.confirmPending, { body: { enrollment_token: token, code } })
    for (let count = 0; count < 5; count += 1)
      await assert.rejects(confirm(codeOf(secret, -300)), refusedWith(otpInvalid))
    await assert.rejects(confirm(codeOf(secret)), refusedWith(signInLocked))
    await api.rows(sql`update users set locked_until = null, is_active = false where id = ${doc.id}`)
    await assert.rejects(confirm(codeOf(secret)), refusedWith(accountInactive))
    await assert.rejects(confirm(codeOf(secret), 'owm_invented'), refusedWith(tokenInvalid))
    await api.rows(sql`update users set is_active = true where id = ${doc.id}`)
    assert.ok(await confirm(codeOf(secret)))
    const entries = await api.rows(sql<{ outcome: string; method: string; reason: string; ip_address: string }>`
      select outcome, details ->> 'method' as method, details ->> 'reason' as reason, host(ip_address) as ip_address
        from audit_logs where action = 'session.login' and id >= (
          select id from audit_logs where action = 'session.login' and user_id = ${doc.id} order by id limit 1) order by id`)
    const reasons = ['mfa_not_enrolled', ...Array(5).fill('wrong_otp'), 'locked', 'inactive', 'token_invalid', null]
    assert.deepEqual(
      entries.map(({ reason }) => reason),
      reasons,
    )
    assert.deepEqual(
      entries.map(({ outcome }) => outcome),
      reasons.map((reason) => (reason === null ? 'success' : 'failure')),
    )
    assert.ok(entries.every(({ ip_address }) => ip_address === '127.0.0.1'))
    assert.deepEqual(new Set(entries.slice(1).map(({ method }) => method)), new Set(['password+otp']))
  })

  it('is not set up with a token that the old password gave, once the password was changed', async () => {
    const ada = await testAccount(api, { role: 'auditor' })
    const { headers } = await signedInAs(api, ada)
    await api.rows(sql`update roles set mfa = 'required' where name = 'auditor'`)
    const enrollment_token = await pending(ada.email)
    const body = { current_password: testPassword, new_password: 'amber lantern orchard 27' }
    await api.call(accountApi.changePassword, { body }, headers)
    await assert.rejects(api.call(mfaApi.enrollPending, { body: { enrollment_token } }), refusedWith(tokenInvalid))
    await api.rows(sql`update roles set mfa = 'default' where name = 'auditor'`)
  })

  it('is not set up with a token that nobody was given, and lets nobody in who was shut out meanwhile', async () => {
    const ada = await testAccount(api, { role: 'doctor' })
    const enrollment_token = await pending(ada.email)
    const { secret } = await api.call(mfaApi.enrollPending, { body: { enrollment_token } })
    for (const wrong of ['owm_invented', `${enrollment_token.slice(0, -1)}-`])
      await Promise.all(
        [
          api.call(mfaApi.enrollPending, { body: { enrollment_token: wrong } }),
          api.call(mfaApi.confirmPending, { body: { enrollment_token: wrong, code: codeOf(secret) } }),
        ].map((call) => assert.rejects(call, refusedWith(tokenInvalid))),
      )
    await api.rows(sql`update users set is_active = false where id = ${ada.id}`)
    await assert.rejects(
      api.call(mfaApi.confirmPending, { body: { enrollment_token, code: codeOf(secret) } }),
      refusedWith(accountInactive),
    )
  })

  it('ends the sessions that one factor opened of who is given it, and goes on with the others', async () => {
    const admin = await api.person('admin')
    const [one, both] = [await testAccount(api), await testAccount(api, { mfa: true })]
    const [alone, proven] = [
      await signedInAs(api, one),
      await signedInAs(api, both, { otp: both.recovery_codes[0] ?? '' }),
    ]
    for (const { id } of [one, both])
      await admin.call(userApi.update, { params: { user_id: id }, body: { role: 'doctor' } })
    await assert.rejects(api.call(sessionApi.me, {}, alone.headers), refusedWith(sessionEnded))
    await assert.rejects(
      api.call(loginApi.refresh, { body: { refresh_token: alone.refresh_token } }),
      refusedWith(sessionEnded),
    )
    assert.equal((await api.call(sessionApi.me, {}, proven.headers)).role, 'doctor')
    const [told] = await api.rows(sql`
      select count(*)::int as count from events where type = 'session.ended' and payload ->> 'user_id' in (${one.id}, ${both.id})`)
    assert.deepEqual(told, { count: 1 })
  })

  it('ends the sessions of everyone who has it once it asks, and of nobody else', async () => {
    const admin = await api.person('admin')
    const ask = async (name: string, mfa: 'default' | 'required') => {
      const { permissions } = await admin.call(roleApi.read, { params: { name } })
      await admin.call(roleApi.write, { params: { name }, body: { permissions, mfa } })
    }
    const [auditor, nurse] = [await testAccount(api, { role: 'auditor' }), await testAccount(api)]
    const [first, other] = [await signedInAs(api, auditor), await signedInAs(api, nurse)]
    await ask('auditor', 'required')
    await assert.rejects(api.call(sessionApi.me, {}, first.headers), refusedWith(sessionEnded))
    assert.equal((await api.call(sessionApi.me, {}, other.headers)).role, 'nurse')
    await ask('auditor', 'default')
    await ask('admin', 'required')
    await assert.rejects(admin.call(sessionApi.me, {}), refusedWith(sessionEnded))
    await api.rows(sql`update roles set mfa = 'default' where name = 'admin'`)
  })

  it('is that of administrators in production, from the moment in which somebody becomes one', async () => {
    await using real = await startTestApi({ production: true })
    const [admin, ada] = [await real.person('admin'), await testAccount(real)]
    const { headers } = await signedInAs(real, ada)
    await admin.call(userApi.update, { params: { user_id: ada.id }, body: { role: 'admin' } })
    await assert.rejects(real.call(userApi.list, { query: {} }, headers), refusedWith(sessionEnded))
  })

  it('does not let a person take it away', async () => {
    const doc = await testAccount(api, { role: 'doctor', mfa: true })
    const [first = '', second = ''] = doc.recovery_codes
    const { headers } = await signedInAs(api, doc, { otp: first })
    await assert.rejects(
      api.call(mfaApi.disable, { body: { password: testPassword, otp: second } }, headers),
      refusedWith(mfaRequiredByRole),
    )
  })

  it('keeps an enrolled account from being enrolled again with a stolen password', async () => {
    const doc = await testAccount(api, { role: 'doctor' })
    const [mine, theirs] = [await pending(doc.email), await pending(doc.email)]
    const { secret } = await api.call(mfaApi.enrollPending, { body: { enrollment_token: mine } })
    await api.call(mfaApi.confirmPending, { body: { enrollment_token: mine, code: codeOf(secret) } })
    await Promise.all(
      [
        api.call(mfaApi.enrollPending, { body: { enrollment_token: theirs } }),
        api.call(mfaApi.confirmPending, { body: { enrollment_token: theirs, code: codeOf(secret) } }),
      ].map((call) => assert.rejects(call, refusedWith(mfaAlreadyEnabled))),
    )
  })
})
