import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { invalidRequest, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { observeWork } from '../../work.testing.ts'
import { tokenInvalid } from '../identity/account.contract.ts'
import { newestMail, signedInAs, testPassword } from '../identity/accounts.testing.ts'
import { purgeIdentity } from '../identity/housekeeping.ts'
import { accountInactive, invalidCredentials, localPasswordsOff } from '../identity/login.contract.ts'
import { mailApi } from '../identity/mail.contract.ts'
import { sessionApi } from '../identity/session.contract.ts'
import { emailNotVerified, userApi } from '../identity/user.contract.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { addAppointment, addContact } from '../patients/merge.testing.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { registrationApi, roleNotOpen } from './registration.contract.ts'

let sequence = 0
const newcomer = (rest: object = {}) => ({
  email: `new.${(sequence += 1)}@example.test`,
  password: testPassword,
  first_name: 'Nora',
  last_name: 'Newcomer',
  ...rest,
})

describe('registering oneself', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())
  const register = (body: ReturnType<typeof newcomer>) => api.call(registrationApi.register, { body })
  const signIn = (email: string) => signedInAs(api, { email, id: '' })
  const raw = (body: object) =>
    api.send({
      method: 'POST',
      url: registrationApi.register.path,
      headers: { 'content-type': 'application/json', 'x-correlation-id': 'same-for-all' },
      body: JSON.stringify(body),
    })

  it('makes an active patient with a record of what is known', async () => {
    const body = newcomer({ date_of_birth: '1984-02-29' })
    assert.deepEqual(await register(body), { email: body.email, role: 'patient', next: 'sign_in' })
    const { headers } = await signIn(body.email)
    const { patient_id, role } = await api.call(sessionApi.me, {}, headers)
    assert.equal(role, 'patient')
    const record = await api.call(patientApi.read, { params: { patient_id: patient_id ?? '' } }, headers)
    assert.deepEqual(
      [record.first_name, record.date_of_birth, record.email, record.is_complete],
      ['Nora', '1984-02-29', body.email, false],
    )
  })

  it('proves the address by a link that works once', async () => {
    const body = newcomer()
    await register(body)
    const { token = '' } = (await newestMail(api, body.email)) ?? {}
    const { headers } = await signIn(body.email)
    assert.equal((await api.call(sessionApi.me, {}, headers)).email_verified, false)
    const given = { body: { token, password: testPassword } }
    await api.call(registrationApi.verifyEmail, given)
    assert.equal((await api.call(sessionApi.me, {}, headers)).email_verified, true)
    await assert.rejects(api.call(registrationApi.verifyEmail, given), refusedWith(tokenInvalid))
  })

  it('proves no address to who has the link and not the account', async () => {
    const [body, other] = [newcomer(), newcomer()]
    await register(body)
    await register(other)
    const { token = '' } = (await newestMail(api, body.email)) ?? {}
    const [{ headers }, stranger] = [await signIn(body.email), await signIn(other.email)]
    const verify = (given: object, session = {}) =>
      api.call(registrationApi.verifyEmail, { body: { token, ...given } }, session)
    await assert.rejects(verify({}), refusedWith(invalidCredentials))
    await assert.rejects(verify({ password: 'not the password of it' }), refusedWith(invalidCredentials))
    await assert.rejects(verify({}, stranger.headers), refusedWith(invalidCredentials))
    await assert.rejects(verify({}, { authorization: 'Bearer a.b.c' }), refusedWith(unauthenticated))
    assert.equal((await api.call(sessionApi.me, {}, headers)).email_verified, false)
    await verify({}, headers)
    assert.equal((await api.call(sessionApi.me, {}, headers)).email_verified, true)
  })

  describe('with a link that did not arrive', () => {
    const resend = (email: string) =>
      api.send({
        method: 'POST',
        url: registrationApi.resendVerification.path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email }),
      })
    const verify = (token: string) => api.call(registrationApi.verifyEmail, { body: { token, password: testPassword } })

    it('is mailed another, which takes the place of the first', async () => {
      for (const role of ['patient', 'doctor']) {
        const body = newcomer({ role })
        await register(body)
        const first = await newestMail(api, body.email)
        assert.equal((await resend(body.email.toUpperCase())).status, 202)
        const second = await newestMail(api, body.email)
        assert.ok(second && second.token !== first?.token)
        await assert.rejects(verify(first?.token ?? ''), refusedWith(tokenInvalid))
        const [user] = await api.rows(sql<{ id: string }>`select id from users order by id desc limit 1`)
        await api.rows(sql`update users set is_active = true where id = ${user?.id}`)
        await verify(second.token)
        const { headers } = await signIn(body.email)
        assert.equal((await api.call(sessionApi.me, {}, headers)).email_verified, true)
      }
    })

    it('is answered alike for whoever has nothing to prove, who gets no mail', async () => {
      const body = newcomer()
      await register(body)
      const waiting = await resend(body.email)
      await verify((await newestMail(api, body.email))?.token ?? '')
      await api.rows(sql`delete from mails`)
      for (const email of [body.email, 'stranger@example.test']) {
        const answer = await resend(email)
        assert.deepEqual([answer.status, answer.text], [waiting.status, waiting.text])
        assert.equal(await newestMail(api, email), undefined)
      }
      assert.equal((await api.rows(sql`select from mails`)).length, 0)
    })

    it('is mailed five of them an hour at most', async () => {
      const body = newcomer()
      await register(body)
      for (let count = 0; count < 12; count += 1) await resend(body.email)
      assert.equal(
        (
          await api.rows(sql`
        select from mails where template = 'registration_verification' and user_id = (select id from users order by id desc limit 1)`)
        ).length,
        5,
      )
      // Those that were asked for in vain keep nobody waiting.
      const before = await newestMail(api, body.email)
      await api.rows(
        sql`update one_time_tokens set created_at = now() - interval '1 hour' where expires_at > created_at`,
      )
      await resend(body.email)
      const newest = await newestMail(api, body.email)
      assert.notEqual(newest?.token, before?.token)
      await verify(newest?.token ?? '')
    })

    it('has what was told joined to the record of the hospital, however late', async () => {
      const body = newcomer({ date_of_birth: '1971-06-06' })
      const reception = await api.person('staff')
      const members = {
        first_name: 'Nora',
        last_name: 'Newcomer',
        date_of_birth: '1971-06-06',
        gender: 'FEMALE' as const,
      }
      const patient = await reception.call(patientApi.register, {
        body: { ...members, phone_primary: '+1 212 555 0101', email: body.email, force: true },
      })
      await register(body)
      await api.rows(
        sql`update one_time_tokens set created_at = now() - interval '9 days', expires_at = now() - interval '6 days'`,
      )
      await purgeIdentity(api.system)
      await resend(body.email)
      await verify((await newestMail(api, body.email))?.token ?? '')
      const { headers } = await signIn(body.email)
      assert.equal((await api.call(sessionApi.me, {}, headers)).patient_id, patient.id)
    })
  })

  it('lets a doctor in once the address is proven and an administrator approved, by the outbox where no mail is sent', async () => {
    const body = newcomer({ role: 'doctor' })
    assert.equal((await register(body)).next, 'await_approval')
    await assert.rejects(signIn(body.email), refusedWith(accountInactive))
    const admin = await api.person('admin')
    const { items } = await admin.call(userApi.list, { query: { q: body.email } })
    const [user] = items
    assert.ok(user?.awaits_approval)
    const approve = () => admin.call(userApi.approve, { params: { user_id: user.id } })
    await assert.rejects(approve(), refusedWith(emailNotVerified))
    const outbox = await admin.call(mailApi.list, { query: {} })
    const token = /#(\S+)/.exec(outbox.items.find(({ to }) => to === body.email)?.text ?? '')?.[1] ?? ''
    await api.call(registrationApi.verifyEmail, { body: { token, password: testPassword } })
    await approve()
    assert.equal((await api.call(sessionApi.me, {}, (await signIn(body.email)).headers)).role, 'doctor')
  })

  for (const role of ['admin', 'nurse', 'staff', 'auditor', 'wizard']) {
    it(`is refused for the role ${role}`, async () => {
      await assert.rejects(register(newcomer({ role })), refusedWith(roleNotOpen))
    })
  }

  it('makes one account of one address, however it is spelt and however many come together, and answers all alike', async () => {
    const body = newcomer({ email: 'same.person@example.test' })
    const spellings = [
      'same.person@example.test',
      'SAME.PERSON@EXAMPLE.TEST',
      'ｓame.person@example.test',
      ' same.person@example.test ',
    ]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => raw({ ...body, email: spellings[index % spellings.length] })),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
    const [patients, users] = [
      await api.rows(
        sql`select from patients_of_users join user_tokens using (user_id) join users on users.id = user_id where users.created_at > now() - interval '1 hour' and token = any(${api.system.keys
          .tokenizer('users')
          .tokens('email', body.email)
          .map(({ token }) => token)}::bytea[])`,
      ),
      await api.rows(
        sql`select from user_tokens where token = any(${api.system.keys
          .tokenizer('users')
          .tokens('email', body.email)
          .map(({ token }) => token)}::bytea[])`,
      ),
    ]
    assert.deepEqual([patients.length, users.length], [1, 1])
  })

  it('answers a known address as a new one, and tells its owner a few times', async () => {
    const body = newcomer()
    const first = await raw(body)
    for (let count = 0; count < 5; count += 1) {
      const again = await raw(body)
      assert.deepEqual([again.status, again.text], [first.status, first.text])
    }
    assert.match((await newestMail(api, body.email))?.subject ?? '', /already have an account/)
    const told = await api.rows(
      sql`select from mails where template = 'registration_repeated' and user_id in (select id from users order by id desc limit 1)`,
    )
    assert.equal(told.length, 3)
  })

  for (const role of ['patient', 'doctor']) {
    it(`does the same work for a known address as for a new one, of a ${role}`, async () => {
      await using counted = await startTestApi()
      const work = observeWork(counted)
      const answer = async (email: string) => {
        const body = newcomer({ email, role, date_of_birth: '1984-02-29' })
        await counted.call(registrationApi.register, { body })
        return work.take()
      }
      // The first of each finds statements that are not prepared yet.
      await answer('first.new@example.test')
      await answer('first.new@example.test')
      const [unknown, known] = [await answer('second.new@example.test'), await answer('first.new@example.test')]
      assert.equal(unknown.hashes, 1)
      assert.ok(unknown.statements > 10 && unknown.trips > 2)
      assert.deepEqual(known, unknown)
    })
  }

  for (const [what, password] of [
    ['14 characters', 'abcd efgh ijkl'],
    ['a known password', 'passwordpassword'],
    ['the name of the system twice', 'openwardopenward'],
    ['the address twice', 'noracomernoracomer'],
  ] as const) {
    it(`refuses a password of ${what}`, async () => {
      await assert.rejects(
        register(newcomer({ password, email: `noracomer@example.test` })),
        refusedWith(invalidRequest, '/body/password'),
      )
    })
  }

  it('takes fifteen lower-case letters and spaces', async () => {
    await register(newcomer({ password: 'mat lamp oyster' }))
  })

  it('takes no member that gives more', async () => {
    for (const extra of ['is_active', 'department_id', 'patient_id', 'username', 'email_verified']) {
      await assert.rejects(register(newcomer({ [extra]: true })), refusedWith(invalidRequest, `/body/${extra}`))
    }
    await assert.rejects(
      register(newcomer({ date_of_birth: '2999-01-01' })),
      refusedWith(invalidRequest, '/body/date_of_birth'),
    )
  })

  it('is refused while local passwords are off', async () => {
    await using closed = await startTestApi({ local_passwords: false })
    await assert.rejects(closed.call(registrationApi.register, { body: newcomer() }), refusedWith(localPasswordsOff))
  })

  describe('as someone whom the hospital knows', () => {
    async function known() {
      const person = newcomer({ date_of_birth: '1970-05-05' })
      const reception = await api.person('staff')
      const patient = await reception.call(patientApi.register, {
        body: {
          first_name: 'Nora',
          last_name: 'Newcomer',
          date_of_birth: '1970-05-05',
          gender: 'FEMALE',
          phone_primary: '+1 212 555 0100',
          email: person.email,
          force: true,
        },
      })
      return { person, patient }
    }
    const patientOf = async (email: string) =>
      (await api.call(sessionApi.me, {}, (await signIn(email)).headers)).patient_id

    const verify = async (email: string) =>
      api.call(registrationApi.verifyEmail, {
        body: { token: (await newestMail(api, email))?.token ?? '', password: testPassword },
      })

    it('is told the same before the address is proven as somebody whom nobody knows', async () => {
      const { person } = await known()
      const stranger = newcomer({ date_of_birth: '1970-05-05' })
      const seen = []
      for (const body of [person, stranger]) {
        const { email: _email, ...answer } = await register(body)
        const { headers } = await signIn(body.email)
        const me = await api.call(sessionApi.me, {}, headers)
        const record = await api.call(patientApi.read, { params: { patient_id: me.patient_id ?? '' } }, headers)
        const { first_name, last_name, date_of_birth, gender, phone_primary, is_complete, is_active, version } = record
        seen.push({
          answer,
          members: Object.entries(me).map(([member, value]) => [member, value === null]),
          record: { first_name, last_name, date_of_birth, gender, phone_primary, is_complete, is_active, version },
        })
      }
      assert.deepEqual(seen[0], seen[1])
    })

    it('joins the record of the hospital once the address is proven, and not before', async () => {
      const { person, patient } = await known()
      await register(person)
      const provisional = await patientOf(person.email)
      assert.ok(provisional !== null && provisional !== patient.id)
      await verify(person.email)
      assert.equal(await patientOf(person.email), patient.id)
      const { headers } = await signIn(person.email)
      const record = await api.call(patientApi.read, { params: { patient_id: patient.id } }, headers)
      assert.deepEqual([record.gender, record.phone_primary], ['FEMALE', '+12125550100'])
      const [merged] = await api.rows(
        sql<{ merged_into: string }>`select merged_into from patients where id = ${provisional}`,
      )
      assert.equal(merged?.merged_into, patient.id)
    })

    it('stays with their own record where another account came to that of the hospital first', async () => {
      const { person, patient } = await known()
      await register(person)
      await api.person('patient', { patient_id: patient.id })
      await verify(person.email)
      assert.notEqual(await patientOf(person.email), patient.id)
    })

    it('joins it also where both name somebody to call first', async () => {
      const { person, patient } = await known()
      await register(person)
      const provisional = (await patientOf(person.email)) ?? ''
      const admin = await api.person('admin')
      for (const id of [provisional, patient.id]) await addContact(admin, id, 'Luis', true)
      await verify(person.email)
      assert.equal(await patientOf(person.email), patient.id)
    })

    it('stays where staff merged the two records before', async () => {
      const { person, patient } = await known()
      await register(person)
      const merged_patient_id = (await patientOf(person.email)) ?? ''
      const admin = await api.person('admin')
      const body = { merged_patient_id, reason: 'Registered twice', force: true }
      await admin.call(mergeApi.merge, { params: { patient_id: patient.id }, body })
      await verify(person.email)
      assert.equal(await patientOf(person.email), patient.id)
      const merges = await api.rows(sql`select merged_id from patient_merges where survivor_id = ${patient.id}`)
      assert.deepEqual(merges, [{ merged_id: merged_patient_id }])
    })

    it('stays with their own record where both have an appointment at one time', async () => {
      const { person, patient } = await known()
      await register(person)
      const provisional = (await patientOf(person.email)) ?? ''
      for (const id of [provisional, patient.id])
        await addAppointment(api, await api.person('doctor', { doctor: true }), id, 9201)
      await verify(person.email)
      assert.equal(await patientOf(person.email), provisional)
    })

    it('links nobody with another birth date or name', async () => {
      for (const wrong of [{ date_of_birth: '1970-05-06' }, { first_name: 'Norbert' }, { date_of_birth: undefined }]) {
        const { person, patient } = await known()
        await register({ ...person, ...wrong })
        await verify(person.email)
        const linked = await patientOf(person.email)
        assert.ok(linked !== null && linked !== patient.id)
      }
    })
  })

  it('leaves nothing that could be read in the database', async () => {
    await register(newcomer({ email: 'canary.one@example.test', first_name: 'Canary', date_of_birth: '1984-02-29' }))
    const stored = JSON.stringify([
      await api.rows(sql`select audit_logs::text from audit_logs`),
      await api.rows(sql`select events::text from events`),
      await api.rows(sql`select one_time_tokens::text, encode(sealed_data, 'escape') as data from one_time_tokens`),
      await api.rows(sql`select users::text, encode(sealed_profile, 'escape') as profile from users`),
    ])
    assert.ok(!/canary/i.test(stored))
    assert.ok(!stored.includes(testPassword))
  })
})
