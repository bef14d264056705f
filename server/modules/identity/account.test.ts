import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { invalidRequest, sessionEnded, stale, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { buildApp } from '../../app.ts'
import { registrationApi } from '../registration/registration.contract.ts'
import { accountApi, accountExists, tokenInvalid } from './account.contract.ts'
import { bearer, newestMail, signedInAs, testAccount, testPassword } from './accounts.testing.ts'
import { invalidCredentials, localPasswordsOff, loginApi, otpRequired, signInLocked } from './login.contract.ts'
import { reauthRequired, sessionApi } from './session.contract.ts'
import { externalAccount, userApi } from './user.contract.ts'

const another = 'seven quiet lanterns over lisbon'

describe('an account', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())
  const signIn = (username: string, password: string, otp?: string) =>
    api.call(loginApi.login, { body: { username, password, ...(otp ? { otp } : {}) } })

  describe('changing the password', () => {
    const change = (headers: Record<string, string>, current_password: string, new_password: string) =>
      api.call(accountApi.changePassword, { body: { current_password, new_password } }, headers)

    it('needs the old one, ends every other session and tells the owner', async () => {
      const ada = await testAccount(api)
      const [here, there] = [await signedInAs(api, ada), await signedInAs(api, ada)]
      await assert.rejects(change(here.headers, 'wrong', another), refusedWith(invalidCredentials))
      await change(here.headers, testPassword, another)
      assert.ok(await api.call(sessionApi.me, {}, here.headers))
      await assert.rejects(api.call(sessionApi.me, {}, there.headers), refusedWith(sessionEnded))
      await assert.rejects(signIn(ada.email, testPassword), refusedWith(invalidCredentials))
      assert.ok(await signIn(ada.email, another))
      assert.match((await newestMail(api, ada.email))?.subject ?? '', /changed/)
    })

    for (const [what, password, code] of [
      ['14 characters', 'abcd efgh ijkl', 'password_too_short'],
      ['a known password', 'passwordpassword', 'password_common'],
      ['the name of the system twice', 'openwardopenward', 'password_personal'],
      ['129 characters', 'x7'.repeat(65).slice(0, 129), 'password_too_long'],
    ] as const) {
      it(`refuses ${what} without repeating it`, async () => {
        const { headers } = await signedInAs(api, await testAccount(api))
        const answer = await api.send({
          method: 'POST',
          url: accountApi.changePassword.path,
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ current_password: testPassword, new_password: password }),
        })
        assert.equal(answer.status, 422)
        assert.ok(!answer.text.includes(password))
        const [error] = JSON.parse(answer.text).errors
        assert.deepEqual([error.path, error.code], ['/body/new_password', code])
      })
    }

    it('takes 128 characters of any kind, every one of which counts', async () => {
      const ada = await testAccount(api)
      const long = Array.from('ß漢字é🚀 x'.repeat(20)).slice(0, 128).join('')
      const { headers } = await signedInAs(api, ada)
      await change(headers, testPassword, long)
      assert.ok(await signIn(ada.email, long))
      await assert.rejects(signIn(ada.email, Array.from(long).slice(0, 127).join('')), refusedWith(invalidCredentials))
    })

    it('counts wrong guesses of someone who found the screen unlocked', async () => {
      const ada = await testAccount(api)
      const person = await api.signIn(ada.id)
      for (let count = 0; count < 5; count += 1)
        await assert.rejects(change(bearer(person.token), `guess ${count}`, another), refusedWith(invalidCredentials))
      await assert.rejects(change(bearer(person.token), testPassword, another), refusedWith(signInLocked))
    })
  })

  describe('a forgotten password', () => {
    const forget = (email: string) =>
      api.send({
        method: 'POST',
        url: accountApi.forgotPassword.path,
        headers: { 'content-type': 'application/json', 'x-correlation-id': 'same-for-all' },
        body: JSON.stringify({ email }),
      })
    const reset = (token: string, new_password: string) =>
      api.call(accountApi.resetPassword, { body: { token, new_password } })

    it('is answered alike for an unknown address, which gets no mail', async () => {
      const ada = await testAccount(api)
      const [known, unknown] = [await forget(ada.email), await forget('stranger@example.test')]
      assert.deepEqual([known.status, known.text], [202, ''])
      assert.deepEqual([unknown.status, unknown.text], [202, ''])
      assert.ok(await newestMail(api, ada.email))
      assert.equal(await newestMail(api, 'stranger@example.test'), undefined)
      assert.equal(await newestMail(api, 'nobody@openward.invalid'), undefined)
    })

    it('is replaced once with the mailed link, which ends every session', async () => {
      const ada = await testAccount(api)
      const before = await signedInAs(api, ada)
      await forget(ada.email)
      const { token = '' } = (await newestMail(api, ada.email)) ?? {}
      await assert.rejects(reset(token, 'short'), refusedWith(invalidRequest, '/body/new_password'))
      await reset(token, another)
      await assert.rejects(reset(token, testPassword), refusedWith(tokenInvalid))
      await assert.rejects(
        api.call(loginApi.refresh, { body: { refresh_token: before.refresh_token } }),
        refusedWith(sessionEnded),
      )
      await assert.rejects(api.call(sessionApi.me, {}, before.headers), refusedWith(sessionEnded))
      assert.ok(await signIn(ada.email, another))
    })

    it('is reset by one of several requests that arrive together', async () => {
      const ada = await testAccount(api)
      await forget(ada.email)
      const { token = '' } = (await newestMail(api, ada.email)) ?? {}
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, (_, index) => reset(token, `${another} ${index}`)),
      )
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    })

    it('cannot be reset after ten minutes', async () => {
      const ada = await testAccount(api)
      await forget(ada.email)
      const { token = '' } = (await newestMail(api, ada.email)) ?? {}
      const [life] = await api.rows(
        sql<{
          seconds: number
        }>`select extract(epoch from expires_at - created_at)::int as seconds from one_time_tokens where user_id = ${ada.id}`,
      )
      assert.equal(life?.seconds, 600)
      await api.rows(sql`update one_time_tokens set expires_at = now() - interval '1 second' where user_id = ${ada.id}`)
      await assert.rejects(reset(token, another), refusedWith(tokenInvalid))
    })

    it('does not do away with the second factor', async () => {
      const ada = await testAccount(api, { mfa: true })
      await forget(ada.email)
      await reset((await newestMail(api, ada.email))?.token ?? '', another)
      await assert.rejects(signIn(ada.email, another), refusedWith(otpRequired))
    })

    it('opens nothing but the reset', async () => {
      const ada = await testAccount(api)
      await forget(ada.email)
      const { token = '' } = (await newestMail(api, ada.email)) ?? {}
      await assert.rejects(api.call(sessionApi.me, {}, bearer(token)), refusedWith(unauthenticated))
      await assert.rejects(
        api.call(accountApi.acceptInvitation, { body: { token, new_password: another } }),
        refusedWith(tokenInvalid),
      )
      await assert.rejects(api.call(registrationApi.verifyEmail, { body: { token } }), refusedWith(tokenInvalid))
    })

    it('is nothing that who signs in with the organisation gets, who is answered alike', async () => {
      const ada = await testAccount(api)
      await forget(ada.email)
      const { token = '' } = (await newestMail(api, ada.email)) ?? {}
      await api.rows(sql`delete from mails where user_id = ${ada.id}`)
      await api.rows(sql`update users set external_subject = ${ada.id}, password_hash = null where id = ${ada.id}`)
      const answer = await forget(ada.email)
      assert.deepEqual([answer.status, answer.text], [202, ''])
      assert.equal(await newestMail(api, ada.email), undefined)
      const [entry] = await api.rows(sql`
        select outcome, details from audit_logs where action = 'password.forgot' and resource_id = ${ada.id} order by id desc limit 1`)
      assert.deepEqual(entry, { outcome: 'failure', details: { reason: 'external_account' } })
      await assert.rejects(reset(token, another), refusedWith(tokenInvalid))
      const admin = await api.person('admin')
      await assert.rejects(
        admin.call(userApi.startReset, { params: { user_id: ada.id } }),
        refusedWith(externalAccount),
      )
    })

    it('is mailed five times an hour at most', async () => {
      const ada = await testAccount(api)
      for (let count = 0; count < 7; count += 1) assert.equal((await forget(ada.email)).status, 202)
      const mails = await api.rows(sql`select from mails where user_id = ${ada.id}`)
      assert.equal(mails.length, 5)
    })

    it('is mailed again an hour after the first of them, though it was asked for all the while, and whenever an administrator asks', async () => {
      const [ada, admin] = [await testAccount(api), await api.person('admin')]
      const mailed = async () => (await api.rows(sql`select from mails where user_id = ${ada.id}`)).length
      for (let count = 0; count < 10; count += 1) await forget(ada.email)
      await admin.call(userApi.startReset, { params: { user_id: ada.id } })
      assert.equal(await mailed(), 6)
      await api.rows(sql`
        update one_time_tokens set created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour'
         where user_id = ${ada.id} and expires_at > created_at`)
      await forget(ada.email)
      assert.equal(await mailed(), 7)
    })

    it('is mailed no more often to requests that arrive together', async () => {
      const ada = await testAccount(api)
      await Promise.all(Array.from({ length: 12 }, () => forget(ada.email)))
      const [mailed] = await api.rows(sql`
        select count(*)::int as times from mails where user_id = ${ada.id} and template = 'password_reset'`)
      assert.deepEqual(mailed, { times: 5 })
    })
  })

  describe('the profile', () => {
    const change = (
      headers: Record<string, string>,
      body: { first_name?: string; email?: string; username?: string },
    ) =>
      api.call(
        accountApi.changeProfile,
        { body: { first_name: 'Ada', last_name: 'Lovelace', email: '', ...body } },
        headers,
      )

    it('is shown and changed, in the version that was read', async () => {
      const ada = await testAccount(api)
      const { headers } = await signedInAs(api, ada, { minutes_ago: 20 })
      const changed = await change({ ...headers, 'if-match': '"v1"' }, { first_name: 'Augusta', email: ada.email })
      assert.deepEqual([changed.first_name, changed.version], ['Augusta', 2])
      await assert.rejects(change({ ...headers, 'if-match': '"v1"' }, { email: ada.email }), refusedWith(stale))
      assert.deepEqual(await api.call(accountApi.profile, {}, headers), changed)
      assert.equal((await api.call(sessionApi.me, {}, headers)).first_name, 'Augusta')
    })

    const confirm = async (email: string) =>
      api.call(registrationApi.verifyEmail, {
        body: { token: (await newestMail(api, email))?.token ?? '', password: testPassword },
      })

    it('moves to another address after a recent sign-in, once that address is proven, and tells the old one', async () => {
      const ada = await testAccount(api)
      const old = await signedInAs(api, ada, { minutes_ago: 20 })
      const email = `new.${ada.id}@example.test`
      await assert.rejects(change(old.headers, { email }), refusedWith(reauthRequired))
      const { headers } = await signedInAs(api, ada)
      const waiting = await change(headers, { email, first_name: 'Augusta' })
      assert.deepEqual([waiting.first_name, waiting.email, waiting.email_verified], ['Augusta', ada.email, true])
      assert.match((await newestMail(api, ada.email))?.text ?? '', /Another e-mail address was given/)
      await assert.rejects(signIn(email, testPassword), refusedWith(invalidCredentials))
      await confirm(email)
      assert.match((await newestMail(api, ada.email))?.text ?? '', /e-mail address .* was changed/)
      await assert.rejects(signIn(ada.email, testPassword), refusedWith(invalidCredentials))
      assert.ok(await signIn(email, testPassword))
      const moved = await api.call(accountApi.profile, {}, headers)
      assert.deepEqual([moved.email, moved.username, moved.email_verified], [email, email, true])
    })

    it('keeps a user name that is no address when it moves', async () => {
      const ada = await testAccount(api, { username: 'ada.who.moves' })
      const { headers } = await signedInAs(api, ada)
      const email = `new.${ada.id}@example.test`
      await change(headers, { email })
      await confirm(email)
      const { username, email: now } = await api.call(accountApi.profile, {}, headers)
      assert.deepEqual([username, now], ['ada.who.moves', email])
    })

    it('is answered alike for an address that another has, whose owner is told', async () => {
      const [ada, bob] = [await testAccount(api), await testAccount(api)]
      const { headers } = await signedInAs(api, ada)
      const answers = []
      for (const email of [bob.email.toUpperCase(), `free.${ada.id}@example.test`]) {
        const { version: _version, updated_at: _at, ...answer } = await change(headers, { email })
        answers.push(answer)
      }
      assert.deepEqual(answers[0], answers[1])
      const told = await newestMail(api, bob.email)
      assert.match(told?.text ?? '', /belongs to an account already/)
      assert.equal(told?.token, '')
      assert.equal((await api.call(accountApi.profile, {}, headers)).email, ada.email)
    })

    it('is refused an address that somebody took before its link was followed', async () => {
      const ada = await testAccount(api)
      const email = `contested.${ada.id}@example.test`
      await change((await signedInAs(api, ada)).headers, { email })
      const { token = '' } = (await newestMail(api, email)) ?? {}
      await testAccount(api, { email })
      await assert.rejects(
        api.call(registrationApi.verifyEmail, { body: { token, password: testPassword } }),
        refusedWith(accountExists),
      )
    })

    it('moves once, for one of several requests that follow the link together', async () => {
      const ada = await testAccount(api)
      const email = `once.${ada.id}@example.test`
      await change((await signedInAs(api, ada)).headers, { email })
      const { token = '' } = (await newestMail(api, email)) ?? {}
      const body = { token, password: testPassword }
      const answers = await Promise.allSettled(
        Array.from({ length: 5 }, () => api.call(registrationApi.verifyEmail, { body })),
      )
      const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
      assert.equal(refusals.length, 4)
      assert.ok(refusals.every(refusedWith(tokenInvalid)))
      const moves = await api.rows(
        sql`select from audit_logs where action = 'email.verify' and resource_id = ${ada.id}`,
      )
      assert.equal(moves.length, 1)
    })

    it('does not move by a password once passwords are off, but by a session', async () => {
      const ada = await testAccount(api)
      const email = `off.${ada.id}@example.test`
      const { headers } = await signedInAs(api, ada)
      await change(headers, { email })
      const { token = '' } = (await newestMail(api, email)) ?? {}
      const { configuration } = api.system
      const app = await buildApp({ ...api.system, configuration: { ...configuration, local_passwords: false } })
      const refused = await app.http.inject({
        method: 'POST',
        url: registrationApi.verifyEmail.path,
        payload: { token, password: testPassword },
      })
      assert.equal(refused.json<{ code: string }>().code, localPasswordsOff.code)
      const moved = await app.http.inject({
        method: 'POST',
        url: registrationApi.verifyEmail.path,
        headers,
        payload: { token },
      })
      await app.stop()
      assert.equal(moved.statusCode, 204)
      assert.equal((await api.call(accountApi.profile, {}, headers)).email, email)
    })

    it('mails strangers five times an hour at most', async () => {
      const ada = await testAccount(api)
      const { headers } = await signedInAs(api, ada)
      for (let count = 0; count < 7; count += 1) await change(headers, { email: `${count}.${ada.id}@example.test` })
      const mails = await api.rows(
        sql`select from mails where user_id = ${ada.id} and template = 'address_verification'`,
      )
      assert.equal(mails.length, 5)
    })

    it('keeps the second factor', async () => {
      const ada = await testAccount(api, { mfa: true })
      const { headers } = await signedInAs(api, ada, { otp: ada.recovery_codes[0] ?? '' })
      await change(headers, { email: ada.email })
      assert.ok(await signIn(ada.email, testPassword, ada.recovery_codes[1]))
    })

    it('takes no name that another has, and no address for a user name', async () => {
      const [ada, bob] = [await testAccount(api), await testAccount(api, { username: 'bob.the.builder' })]
      const { headers } = await signedInAs(api, ada)
      await assert.rejects(
        change(headers, { email: ada.email, username: 'Bob.The.Builder' }),
        refusedWith(accountExists),
      )
      await assert.rejects(
        change(headers, { email: ada.email, username: bob.email }),
        refusedWith(invalidRequest, '/body/username'),
      )
      assert.equal((await change(headers, { email: ada.email, username: 'ada.l' })).username, 'ada.l')
    })

    it('is stored so that nobody can read it', async () => {
      const { id } = await testAccount(api, { email: 'canary.address@example.test', username: 'canary.user' })
      const stored = JSON.stringify(
        await api.rows(sql`
        select users::text as row, encode(sealed_profile, 'escape') as sealed, user_tokens::text as tokens
          from users join user_tokens on user_tokens.user_id = users.id where users.id = ${id}`),
      )
      assert.ok(!/canary/i.test(stored))
    })
  })
})
