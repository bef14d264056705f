import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { hash } from '@node-rs/argon2'
import { TOTP } from 'otpauth'
import pg from 'pg'
import { invalidRequest, overloaded, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { bearer, testAccount, testPassword } from './accounts.testing.ts'
import { budgetOf, createFailureBudget } from './failure-budget.ts'
import { hasherOf } from './hasher.ts'
import {
  accountInactive,
  invalidCredentials,
  localPasswordsOff,
  loginApi,
  mfaEnrollmentRequired,
  otpInvalid,
  otpRequired,
  signInLocked,
} from './login.contract.ts'
import { sessionApi } from './session.contract.ts'

const codeOf = (secret: string) => new TOTP({ secret }).generate()

describe('signing in', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())

  const attempt = (username: string, password: string, rest: { otp?: string; device_token?: string } = {}) =>
    api.call(loginApi.login, { body: { username, password, ...rest } })
  const auditOf = (user_id: string) =>
    api.rows(sql<{ outcome: string; ip_address: string; details: Record<string, unknown> }>`
      select outcome, host(ip_address) as ip_address, details from audit_logs where user_id = ${user_id} and action = 'session.login' order by id`)

  it('gives tokens that say who one is', async () => {
    const { id, email } = await testAccount(api)
    const tokens = await attempt(email, testPassword)
    assert.equal(tokens.expires_in, 1800)
    assert.equal((await api.call(sessionApi.me, {}, bearer(tokens.access_token))).id, id)
  })

  it('takes the e-mail in any spelling, and the user name', async () => {
    const { email, username } = await testAccount(api, {
      email: 'Grace.Hopper@Example.test',
      username: 'Amazing.Grace',
    })
    for (const name of [email, email.toUpperCase(), 'ｇrace.hopper@example.test', username, 'amazing.GRACE']) {
      assert.ok(await attempt(name, testPassword), name)
    }
    assert.ok(await api.call(loginApi.login, { body: { email, password: testPassword } }))
  })

  for (const [what, change] of [
    ['the last character changed', (text: string) => `${text.slice(0, -1)}2`],
    ['another case', (text: string) => text.toUpperCase()],
    ['a space behind', (text: string) => `${text} `],
  ] as const) {
    it(`refuses the password with ${what}`, async () => {
      const { email } = await testAccount(api)
      await assert.rejects(attempt(email, change(testPassword)), refusedWith(invalidCredentials))
    })
  }

  it('answers an unknown name, a wrong password and an account without one alike', async () => {
    const { email } = await testAccount(api)
    const invited = await testAccount(api)
    await api.rows(sql`update users set password_hash = null where id = ${invited.id}`)
    const answers = []
    for (const username of [email, 'nobody@example.test', 'nobody', invited.email]) {
      const { status, text } = await api.send({
        method: 'POST',
        url: '/api/v1/auth/login',
        headers: { 'content-type': 'application/json', 'x-correlation-id': 'same-for-all' },
        body: JSON.stringify({ username, password: 'not the password at all' }),
      })
      answers.push(`${status} ${text}`)
    }
    assert.equal(new Set(answers).size, 1, answers.join('\n'))
    assert.match(answers[0] ?? '', /^401 /)
  })

  it('refuses a name that is blank in any script', async () => {
    for (const name of [' ', '\u00a0\t', '\u3000\ufeff']) {
      for (const body of [
        { username: name, password: testPassword },
        { email: name, password: testPassword },
      ])
        await assert.rejects(api.call(loginApi.login, { body }), refusedWith(invalidRequest))
      const form = new URLSearchParams({ grant_type: 'password', username: name, password: testPassword })
      const answer = await api.send({
        method: 'POST',
        url: '/api/v1/auth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      })
      assert.deepEqual([answer.status, JSON.parse(answer.text).error], [400, 'invalid_request'])
    }
  })

  it('makes unknown names wait as accounts do', async () => {
    for (let count = 0; count < 5; count += 1)
      await assert.rejects(attempt('ghost@example.test', 'wrong'), refusedWith(invalidCredentials))
    await assert.rejects(attempt('ghost@example.test', 'wrong'), refusedWith(signInLocked))
  })

  it('counts those for a name that nobody has one after the other, however many arrive together', async () => {
    const body = { username: 'nobody.at.once@example.test', password: testPassword }
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => api.call(loginApi.login, { body })))
    const reasons = attempts.map((attempt) => (attempt.status === 'rejected' ? (attempt.reason as unknown) : undefined))
    assert.equal(reasons.filter(refusedWith(invalidCredentials)).length, 5)
    assert.equal(reasons.filter(refusedWith(signInLocked)).length, 15)
  })

  it('records every attempt with outcome, method and address, and no secret', async () => {
    const { id, email } = await testAccount(api)
    for (let count = 0; count < 3; count += 1)
      await assert.rejects(attempt(email, 'canary-password'), refusedWith(invalidCredentials))
    const tokens = await attempt(email, testPassword)
    const entries = await auditOf(id)
    assert.deepEqual(
      entries.map(({ outcome }) => outcome),
      ['failure', 'failure', 'failure', 'success'],
    )
    assert.deepEqual(new Set(entries.map(({ ip_address }) => ip_address)), new Set(['127.0.0.1']))
    assert.deepEqual(new Set(entries.map(({ details }) => details.method)), new Set(['password']))
    const written = JSON.stringify(
      await api.rows(sql`select audit_logs.*, encode(sealed_changes, 'escape') from audit_logs`),
    )
    for (const secret of ['canary-password', testPassword, email, tokens.refresh_token ?? 'none', tokens.access_token])
      assert.ok(!written.includes(secret))
  })

  it('locks after five wrong passwords, even when a hundred arrive together and one is right', async () => {
    const { id, email } = await testAccount(api)
    const guesses = Array.from({ length: 30 }, (_, index) =>
      attempt(email, index === 29 ? testPassword : `guess number ${index}`),
    )
    const outcomes = await Promise.allSettled(guesses)
    assert.ok(outcomes.every(({ status }) => status === 'rejected'))
    const looked = (await auditOf(id)).filter(({ details }) => details.reason === 'wrong_password')
    assert.equal(looked.length, 5)
    await assert.rejects(attempt(email, testPassword), refusedWith(signInLocked))
  })

  it('does not make the lock longer while it lasts, and lets the owner in from a known device', async () => {
    const { id, email } = await testAccount(api)
    const { device_token } = await attempt(email, testPassword)
    assert.ok(device_token)
    for (let count = 0; count < 5; count += 1) await assert.rejects(attempt(email, 'wrong'))
    const lockedUntil = () =>
      api.rows(sql<{ locked_until: string }>`select locked_until::text from users where id = ${id}`)
    const [before] = await lockedUntil()
    for (let count = 0; count < 5; count += 1) await assert.rejects(attempt(email, 'wrong'), refusedWith(signInLocked))
    assert.deepEqual((await lockedUntil())[0], before)

    await assert.rejects(
      attempt(email, testPassword, { device_token: `${device_token.slice(0, -2)}AA` }),
      refusedWith(signInLocked),
    )
    assert.ok(await attempt(email, testPassword, { device_token }))
  })

  it('does not let one account use the known device of another', async () => {
    const [mine, other] = [await testAccount(api), await testAccount(api)]
    const { device_token = '' } = await attempt(mine.email, testPassword)
    for (let count = 0; count < 5; count += 1) await assert.rejects(attempt(other.email, 'wrong'))
    await assert.rejects(attempt(other.email, testPassword, { device_token }), refusedWith(signInLocked))
  })

  it('refuses an account that is not active, after checking its password', async () => {
    const { email } = await testAccount(api, { is_active: false })
    await assert.rejects(attempt(email, 'wrong'), refusedWith(invalidCredentials))
    await assert.rejects(attempt(email, testPassword), refusedWith(accountInactive))
  })

  it('asks for both factors, and takes a code once', async () => {
    const { email, totp_secret } = await testAccount(api, { mfa: true })
    const otp = codeOf(totp_secret)
    await assert.rejects(attempt(email, testPassword), refusedWith(otpRequired))
    await assert.rejects(attempt(email, 'wrong', { otp }), refusedWith(invalidCredentials))
    await assert.rejects(attempt(email, testPassword, { otp: '000000' }), refusedWith(otpInvalid))
    assert.ok(await attempt(email, testPassword, { otp }))
    await assert.rejects(attempt(email, testPassword, { otp }), refusedWith(otpInvalid))
  })

  it('takes one code once, however many present it together', async () => {
    const { email, totp_secret } = await testAccount(api, { mfa: true })
    const otp = codeOf(totp_secret)
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => attempt(email, testPassword, { otp })))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('takes a recovery code once', async () => {
    const { email, recovery_codes } = await testAccount(api, { mfa: true })
    const otp = recovery_codes[3]
    assert.ok(otp)
    assert.ok(await attempt(email, testPassword, { otp: otp.toLowerCase() }))
    await assert.rejects(attempt(email, testPassword, { otp }), refusedWith(otpInvalid))
  })

  it('asks the OAuth form for both factors too', async () => {
    const { email, totp_secret } = await testAccount(api, { mfa: true })
    const form = (fields: Record<string, string>) =>
      api.send({
        method: 'POST',
        url: '/api/v1/auth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'password',
          username: email,
          password: testPassword,
          ...fields,
        }).toString(),
      })
    const without = await form({})
    assert.deepEqual(
      [without.status, JSON.parse(without.text).error, JSON.parse(without.text).reason],
      [400, 'invalid_grant', 'otp_required'],
    )
    assert.match(without.headers['content-type'] ?? '', /^application\/json/)
    assert.equal((await form({ password: 'wrong', otp: codeOf(totp_secret) })).status, 400)
    const { status, headers, text } = await form({ otp: codeOf(totp_secret), scope: 'ignored', client_id: 'docs' })
    assert.equal(status, 200)
    assert.deepEqual([headers['cache-control'], headers.pragma], ['no-store', 'no-cache'])
    assert.equal(JSON.parse(text).token_type, 'Bearer')
  })

  for (const [what, body, error] of [
    ['another grant', 'grant_type=client_credentials', 'unsupported_grant_type'],
    ['no grant', 'username=a', 'invalid_request'],
    ['a wrong refresh token', 'grant_type=refresh_token&refresh_token=owr_x', 'invalid_grant'],
    ['no password', 'grant_type=password&username=a', 'invalid_grant'],
  ] as const) {
    it(`tells an OAuth client that ${what} is ${error}`, async () => {
      const answer = await api.send({
        method: 'POST',
        url: '/api/v1/auth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
      assert.deepEqual([answer.status, JSON.parse(answer.text).error], [400, error])
    })
  }

  it('hashes a password anew where it was hashed with less', async () => {
    const { id, email } = await testAccount(api)
    const weak = await hash(testPassword, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
    await api.rows(sql`update users set password_hash = ${weak} where id = ${id}`)
    await attempt(email, testPassword)
    const [stored] = await api.rows(sql<{ password_hash: string }>`select password_hash from users where id = ${id}`)
    assert.match(stored?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    assert.ok(await attempt(email, testPassword))
  })

  it('refuses a refresh token as a bearer', async () => {
    const { email } = await testAccount(api)
    const { refresh_token } = await attempt(email, testPassword)
    await assert.rejects(api.call(sessionApi.me, {}, bearer(refresh_token ?? '')), refusedWith(unauthenticated))
  })
})

describe('signing in, as it is configured', () => {
  it('is refused while local passwords are off', async () => {
    await using api = await startTestApi({ local_passwords: false })
    const { email } = await testAccount(api)
    await assert.rejects(
      api.call(loginApi.login, { body: { username: email, password: testPassword } }),
      refusedWith(localPasswordsOff),
    )
  })

  it('has no password form where it is switched off', async () => {
    await using api = await startTestApi({ password_form: false })
    const { email } = await testAccount(api)
    const body = new URLSearchParams({ grant_type: 'password', username: email, password: testPassword }).toString()
    const answer = await api.send({
      method: 'POST',
      url: '/api/v1/auth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })
    assert.deepEqual([answer.status, JSON.parse(answer.text).error], [403, 'unauthorized_client'])
  })

  it('asks an administrator of a real hospital to enroll a second factor first', async () => {
    await using api = await startTestApi({ production: true })
    const [admin, nurse] = [await testAccount(api, { role: 'admin' }), await testAccount(api)]
    await assert.rejects(
      api.call(loginApi.login, { body: { username: admin.email, password: testPassword } }),
      refusedWith(mfaEnrollmentRequired),
    )
    assert.ok(await api.call(loginApi.login, { body: { username: nurse.email, password: testPassword } }))
  })

  it('hears at most so many requests of one address a minute', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const statuses: number[] = []
    // A busy machine answers 503 before it counts: those say nothing here.
    for (let count = 0; count < 20_000 && !statuses.includes(429); count += 1) {
      const { status, headers } = await api.send({
        method: 'POST',
        url: '/api/v1/auth/login',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.0.0.${count % 250}` },
        body: '{"username":"x"}',
      })
      if (status !== 503) statuses.push(status)
      // The load is measured by a timer, which injected requests alone would never let run.
      await setImmediate()
      if (status === 429) assert.ok(Number(headers['retry-after']) > 0)
    }
    assert.deepEqual([statuses.length, statuses.at(-2), statuses.at(-1)], [61, 422, 429])
  })

  it('hears only known devices once strangers have failed too often, all of them together', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const { email, id } = await testAccount(api)
    const login = (more = {}) =>
      api.call(loginApi.login, { body: { username: email, password: testPassword, ...more } })
    const { device_token = '' } = await login()
    const budget = budgetOf(api.system)
    while (!budget.isSpent()) budget.spend()
    await assert.rejects(login(), refusedWith(signInLocked))
    assert.ok(await login({ device_token }))
    const [entry] = await api.rows(sql`
      select details from audit_logs where user_id = ${id} and action = 'session.login' and outcome = 'failure'`)
    assert.deepEqual(entry, { details: { method: 'password', reason: 'budget_spent' } })
  })

  it('is refused before the database is asked while too many passwords wait', async () => {
    await using api = await startTestApi()
    const { email } = await testAccount(api)
    const signIn = () => api.call(loginApi.login, { body: { email, password: testPassword } })
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    // Whoever asked would wait.
    await owner.query('begin; lock table users')
    const hashing = Array.from({ length: 65 * availableParallelism() }, () => hasherOf(api.system).hashPassword('x'))
    const others = Promise.allSettled(hashing)
    await assert.rejects(signIn(), refusedWith(overloaded))
    await owner.end()
    await others
    assert.ok(await signIn())
  })

  it('counts the failures of all strangers together', () => {
    let now_ms = 0
    const budget = createFailureBudget(2, () => now_ms)
    budget.spend()
    assert.equal(budget.isSpent(), false)
    budget.spend()
    assert.equal(budget.isSpent(), true)
    now_ms = 60_001
    assert.equal(budget.isSpent(), false)
  })
})
