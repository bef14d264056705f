import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, sessionEnded, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { accountApi, accountExists, tokenInvalid } from './account.contract.ts'
import { newestMail, signedInAs, testAccount, testPassword } from './accounts.testing.ts'
import { invalidCredentials, localPasswordsOff, loginApi, signInLocked } from './login.contract.ts'
import { reauthRequired, sessionApi } from './session.contract.ts'
import {
  beyondOwnRights,
  emailNotVerified,
  externalAccount,
  invitationAccepted,
  lastAdministrator,
  notAwaitingApproval,
  ownAccount,
  userApi,
} from './user.contract.ts'

let sequence = 0
const newUser = (rest: object = {}) => ({
  email: `made.${(sequence += 1)}@example.test`,
  first_name: 'Grace',
  last_name: 'Hopper',
  role: 'nurse',
  ...rest,
})

describe('accounts', () => {
  let api: TestApi
  let admin: Person
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
  })
  after(async () => api[Symbol.asyncDispose]())
  const of = ({ id }: { id: string }) => ({ params: { user_id: id } })

  it('are made with an initial password, which the person changes', async () => {
    const body = newUser({ password: testPassword })
    const made = await admin.call(userApi.create, { body })
    assert.deepEqual([made.email, made.username, made.invitation, made.is_active], [body.email, body.email, null, true])
    assert.ok(await api.call(loginApi.login, { body: { email: body.email, password: testPassword } }))
    await assert.rejects(
      admin.call(userApi.create, { body: newUser({ password: 'passwordpassword' }) }),
      refusedWith(invalidRequest, '/body/password'),
    )
  })

  it('are made with an invitation, mailed and shown once, whose link sets the password once', async () => {
    const body = newUser()
    const { invitation, id } = await admin.call(userApi.create, { body })
    const mail = await newestMail(api, body.email)
    assert.ok(invitation && mail)
    assert.ok(mail.text.includes(invitation.link))
    const stored = JSON.stringify(
      await api.rows(
        sql`select encode(token_hash, 'escape') as hash, one_time_tokens::text from one_time_tokens where user_id = ${id}`,
      ),
    )
    assert.ok(!stored.includes(mail.token))
    await api.call(accountApi.acceptInvitation, { body: { token: mail.token, new_password: testPassword } })
    assert.ok(await api.call(loginApi.login, { body: { email: body.email, password: testPassword } }))
    assert.equal((await admin.call(userApi.read, { params: { user_id: id } })).email_verified, true)
  })

  it('are invited again until a password is chosen, and then no more', async () => {
    const body = newUser()
    const { id, invitation } = await admin.call(userApi.create, { body })
    const again = await admin.call(userApi.invite, of({ id }))
    assert.notEqual(again.link, invitation?.link)
    const mail = await newestMail(api, body.email)
    assert.ok(mail && mail.text.includes(again.link))
    const accept = (token: string) =>
      api.call(accountApi.acceptInvitation, { body: { token, new_password: testPassword } })
    await assert.rejects(accept(invitation?.link.split('#')[1] ?? ''), refusedWith(tokenInvalid))
    await accept(mail.token)
    await assert.rejects(admin.call(userApi.invite, of({ id })), refusedWith(invitationAccepted))
    await api.rows(sql`update users set password_hash = null, external_subject = 'somebody' where id = ${id}`)
    await assert.rejects(admin.call(userApi.invite, of({ id })), refusedWith(externalAccount))
    await admin.call(userApi.deactivate, of({ id }))
    await assert.rejects(admin.call(userApi.invite, of({ id })), refusedWith(notFound))
  })

  it('are not invited where passwords are off', async () => {
    await using closed = await startTestApi({ local_passwords: false })
    const chief = await closed.person('admin')
    const { id } = await chief.call(userApi.create, { body: newUser() })
    await assert.rejects(chief.call(userApi.invite, of({ id })), refusedWith(localPasswordsOff))
  })

  it('belong to one person each, however many are made together', async () => {
    const body = newUser()
    const spellings = Array.from({ length: 8 }, (_, index) => ({
      ...body,
      email: index % 2 ? body.email.toUpperCase() : body.email,
    }))
    const outcomes = await Promise.allSettled(spellings.map((one) => admin.call(userApi.create, { body: one })))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await assert.rejects(admin.call(userApi.create, { body }), refusedWith(accountExists))
  })

  it('name the member that is wrong', async () => {
    await assert.rejects(
      admin.call(userApi.create, { body: newUser({ role: 'wizard' }) }),
      refusedWith(invalidRequest, '/body/role'),
    )
    await assert.rejects(
      admin.call(userApi.create, { body: newUser({ department_id: admin.user_id }) }),
      refusedWith(invalidRequest, '/body/department_id'),
    )
    await assert.rejects(
      admin.call(userApi.create, { body: newUser({ username: 'a@b.example' }) }),
      refusedWith(invalidRequest, '/body/username'),
    )
    await assert.rejects(
      admin.call(userApi.create, { body: { ...newUser(), is_active: true } as never }),
      refusedWith(invalidRequest, '/body/is_active'),
    )
  })

  it('are looked after by administrators only', async () => {
    const nurse = await api.person('nurse')
    await assert.rejects(nurse.call(userApi.list, { query: {} }), refusedWith(forbidden))
    await assert.rejects(nurse.call(userApi.create, { body: newUser() }), refusedWith(forbidden))
    await assert.rejects(
      nurse.call(userApi.update, { params: { user_id: nurse.user_id }, body: { role: 'admin' } }),
      refusedWith(forbidden),
    )
  })

  it('are found by role, activity and part of a name, page by page', async () => {
    const unusual = await testAccount(api, { role: 'auditor', username: 'zebulon.quark' })
    const byName = await admin.call(userApi.list, { query: { q: 'ZEBULON' } })
    assert.deepEqual(
      byName.items.map(({ id }) => id),
      [unusual.id],
    )
    assert.deepEqual(
      (await admin.call(userApi.list, { query: { q: unusual.email.toUpperCase(), role: 'auditor' } })).total,
      1,
    )
    const first = await admin.call(userApi.list, { query: { limit: '2' } })
    const second = await admin.call(userApi.list, { query: { limit: '2', cursor: first.next_cursor ?? '' } })
    assert.equal(first.items.length, 2)
    assert.ok((first.items[1]?.id ?? '') < (second.items[0]?.id ?? ''))
    assert.ok(
      (await admin.call(userApi.list, { query: { role: 'auditor', is_active: 'true' } })).items.every(
        ({ role }) => role === 'auditor',
      ),
    )
  })

  it('that nobody has are not found', async () => {
    const params = { user_id: randomUUIDv7() }
    await Promise.all(
      [
        admin.call(userApi.read, { params }),
        admin.call(userApi.update, { params, body: { is_active: false } }),
        admin.call(userApi.review, { params, body: { verdict: 'keep' } }),
        admin.call(userApi.startReset, { params }),
      ].map((call) => assert.rejects(call, refusedWith(notFound))),
    )
  })

  it('get no new password by an administrator while they are closed, or while passwords are off', async () => {
    const ada = await testAccount(api, { is_active: false })
    await assert.rejects(admin.call(userApi.startReset, of(ada)), refusedWith(notFound))
    await using off = await startTestApi({ local_passwords: false })
    const other = await off.person('admin')
    await assert.rejects(other.call(userApi.startReset, of(await testAccount(off))), refusedWith(localPasswordsOff))
  })

  it('never take a password from somebody else', async () => {
    const ada = await testAccount(api)
    await assert.rejects(
      admin.call(userApi.update, { ...of(ada), body: { password: testPassword } as never }),
      refusedWith(invalidRequest, '/body/password'),
    )
    await admin.call(userApi.startReset, of(ada))
    assert.match((await newestMail(api, ada.email))?.token ?? '', /^owp_/)
  })

  it('change in the version that was read', async () => {
    const ada = await testAccount(api)
    const changed = await admin.call(
      userApi.update,
      { ...of(ada), body: { last_name: 'King' } },
      { 'if-match': '"v1"' },
    )
    assert.deepEqual([changed.first_name, changed.last_name, changed.version], ['Ada', 'King', 2])
    await assert.rejects(
      admin.call(userApi.update, { ...of(ada), body: { last_name: 'Byron' } }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
    await assert.rejects(admin.call(userApi.deactivate, of(ada), { 'if-match': '"v1"' }), refusedWith(stale))
    await assert.rejects(
      admin.call(userApi.update, { ...of({ id: admin.session_id }), body: {} }),
      refusedWith(notFound),
    )
  })

  it('have their new role and department on the next request', async () => {
    const ada = await testAccount(api, { role: 'admin' })
    const { headers } = await signedInAs(api, ada)
    assert.ok(await api.call(userApi.list, { query: {} }, headers))
    const department_id = await api.department()
    await admin.call(userApi.update, { ...of(ada), body: { role: 'nurse', department_id } })
    await assert.rejects(api.call(userApi.list, { query: {} }, headers), refusedWith(forbidden))
    assert.equal((await api.call(sessionApi.me, {}, headers)).department_id, department_id)
  })

  it('are held to the limits of their new role in the sessions that stand, and get no longer ones', async () => {
    const [ada, late] = [await testAccount(api, { role: 'patient' }), await testAccount(api, { role: 'patient' })]
    const [{ headers }, old] = [await signedInAs(api, ada), await signedInAs(api, late)]
    await api.rows(sql`update sessions set created_at = now() - interval '13 hours' where user_id = ${late.id}`)
    const move = (account: { id: string }, role: string) =>
      admin.call(userApi.update, { ...of(account), body: { role } })
    const limits = async () =>
      api.rows(sql`
        select extract(epoch from idle_limit)::int / 60 as idle, extract(epoch from expires_at - created_at)::int / 3600 as hours
          from sessions where user_id = ${ada.id}`)
    assert.deepEqual(await limits(), [{ idle: 10_080, hours: 168 }])
    for (const role of ['nurse', 'patient']) {
      await move(ada, role)
      assert.deepEqual(await limits(), [{ idle: 30, hours: 12 }])
      assert.equal((await api.call(sessionApi.me, {}, headers)).role, role)
    }
    await move(late, 'nurse')
    await assert.rejects(api.call(sessionApi.me, {}, old.headers), refusedWith(sessionEnded))
  })

  it('lose on the next request what is withdrawn from them, whatever the role gives', async () => {
    const ada = await testAccount(api, { role: 'admin' })
    const { headers } = await signedInAs(api, ada)
    await admin.call(userApi.update, { ...of(ada), body: { denied_permissions: ['users:read'] } })
    await assert.rejects(api.call(userApi.list, { query: {} }, headers), refusedWith(forbidden))
    assert.deepEqual((await admin.call(userApi.read, of(ada))).denied_permissions, ['users:read'])
    await admin.call(userApi.update, { ...of(ada), body: { denied_permissions: [] } })
    assert.ok(await api.call(userApi.list, { query: {} }, headers))
  })

  it('are shut out at once when they are deactivated, and stay', async () => {
    const ada = await testAccount(api)
    const { headers, refresh_token } = await signedInAs(api, ada)
    await admin.call(userApi.deactivate, of(ada))
    await assert.rejects(api.call(sessionApi.me, {}, headers), refusedWith(sessionEnded))
    await assert.rejects(api.call(loginApi.refresh, { body: { refresh_token } }), refusedWith(sessionEnded))
    assert.equal((await admin.call(userApi.read, of(ada))).is_active, false)
    await admin.call(userApi.update, { ...of(ada), body: { is_active: true } })
    await assert.rejects(api.call(sessionApi.me, {}, headers), refusedWith(sessionEnded))
    assert.ok(await signedInAs(api, ada))
  })

  it('are unlocked by an administrator', async () => {
    const ada = await testAccount(api)
    const attempt = (password: string) => api.call(loginApi.login, { body: { email: ada.email, password } })
    for (let count = 0; count < 5; count += 1) await assert.rejects(attempt('wrong'), refusedWith(invalidCredentials))
    await assert.rejects(attempt(testPassword), refusedWith(signInLocked))
    assert.match((await newestMail(api, ada.email))?.subject ?? '', /failed attempts/)
    assert.equal((await admin.call(userApi.unlock, of(ada))).failed_logins, 0)
    assert.ok(await attempt(testPassword))
  })

  it('wait for approval where they asked for it', async () => {
    const ada = await testAccount(api, { role: 'doctor', is_active: false })
    await assert.rejects(admin.call(userApi.approve, of(ada)), refusedWith(notAwaitingApproval))
    await api.rows(sql`update users set awaits_approval = true where id = ${ada.id}`)
    const approved = await admin.call(userApi.approve, of(ada))
    assert.deepEqual([approved.is_active, approved.awaits_approval], [true, false])
    assert.ok(await signedInAs(api, ada))
  })

  it('that registered themselves are let in by no way before their address is proven', async () => {
    const waiting = await testAccount(api, { role: 'doctor', is_active: false, verified: false })
    await api.rows(sql`update users set awaits_approval = true where id = ${waiting.id}`)
    const patient = await testAccount(api, { role: 'patient', verified: false })
    const change = (account: { id: string }, body: object) => admin.call(userApi.update, { ...of(account), body })
    for (const refused of [
      () => admin.call(userApi.approve, of(waiting)),
      () => change(waiting, { is_active: true }),
      () => change(patient, { role: 'doctor' }),
    ])
      await assert.rejects(refused(), refusedWith(emailNotVerified))
    assert.equal((await change(patient, { last_name: 'Renamed' })).last_name, 'Renamed')
    assert.equal((await change(patient, { is_active: false })).is_active, false)
    await api.rows(sql`update users set email_verified_at = now() where id in (${waiting.id}, ${patient.id})`)
    assert.equal((await change(patient, { role: 'nurse' })).role, 'nurse')
    assert.equal((await change(waiting, { is_active: true })).awaits_approval, false)
  })

  it('lose a second factor that was lost, after a recent sign-in, and are told', async () => {
    const ada = await testAccount(api, { mfa: true })
    await api.rows(
      sql`update sessions set authenticated_at = now() - interval '6 minutes' where id = ${admin.session_id}`,
    )
    await assert.rejects(admin.call(userApi.removeMfa, of(ada)), refusedWith(reauthRequired))
    await api.rows(sql`update sessions set authenticated_at = now() where id = ${admin.session_id}`)
    await admin.call(userApi.removeMfa, of(ada))
    assert.ok(await signedInAs(api, ada))
    assert.match((await newestMail(api, ada.email))?.text ?? '', /second factor/)
  })

  it('never change their own rights', async () => {
    const me = { params: { user_id: admin.user_id } }
    for (const body of [
      { role: 'doctor' },
      { is_active: false },
      { denied_permissions: [] },
      { department_id: null },
    ]) {
      await assert.rejects(admin.call(userApi.update, { ...me, body }), refusedWith(ownAccount))
    }
    await assert.rejects(admin.call(userApi.deactivate, me), refusedWith(ownAccount))
    await assert.rejects(admin.call(userApi.approve, me), refusedWith(ownAccount))
    await assert.rejects(admin.call(userApi.unlock, me), refusedWith(ownAccount))
    await assert.rejects(admin.call(userApi.removeMfa, me), refusedWith(ownAccount))
    await assert.rejects(admin.call(userApi.review, { ...me, body: { verdict: 'keep' } }), refusedWith(ownAccount))
    assert.equal((await admin.call(userApi.update, { ...me, body: { first_name: 'New' } })).first_name, 'New')
  })

  it('are not raised above whoever looks after them', async () => {
    await api.rows(
      sql`insert into roles (name, permissions) values ('desk_lead', array['users:read', 'users:update', 'users:create'])`,
    )
    const lead = await api.person('desk_lead')
    const nurse = await testAccount(api)
    const boss = await testAccount(api, { role: 'admin' })
    await assert.rejects(
      lead.call(userApi.update, { ...of(nurse), body: { role: 'admin' } }),
      refusedWith(beyondOwnRights),
    )
    await assert.rejects(
      lead.call(userApi.create, { body: newUser({ role: 'auditor' }) }),
      refusedWith(beyondOwnRights),
    )
    await assert.rejects(
      lead.call(userApi.update, { ...of(boss), body: { is_active: false } }),
      refusedWith(beyondOwnRights),
    )
  })

  it('are reviewed: who can do what, when they last came, and what the reviewer said', async () => {
    const ada = await testAccount(api, { role: 'auditor' })
    await api.rows(sql`update users set last_login_at = now() - interval '91 days' where id = ${ada.id}`)
    await admin.call(userApi.update, { ...of(ada), body: { denied_permissions: ['audit:verify'] } })
    await admin.call(userApi.review, { ...of(ada), body: { verdict: 'change' } })
    await assert.rejects(
      admin.call(userApi.review, { params: { user_id: admin.user_id }, body: { verdict: 'keep' } }),
      refusedWith(ownAccount),
    )
    const items = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { limit: '3', ...(cursor ? { cursor } : {}) }
      const page = await admin.call(userApi.accessReview, { query })
      items.push(...page.items)
      cursor = page.next_cursor
    }
    const [counted] = await api.rows(sql`select count(*)::int as count from users where role <> 'patient'`)
    assert.deepEqual({ count: new Set(items.map(({ user_id }) => user_id)).size }, counted)
    const item = items.find(({ user_id }) => user_id === ada.id)
    assert.deepEqual(
      [item?.permissions, item?.is_stale, item?.last_review?.verdict, item?.last_review?.reviewed_by],
      [['audit:read', 'audit:review'], true, 'change', admin.user_id],
    )
  })

  it('are due for a review until somebody says that they stay, and again after half a year', async () => {
    const ada = await testAccount(api, { role: 'auditor' })
    const isDue = async () => {
      const listed = async (due: 'true' | 'false') => {
        const { items, total } = await admin.call(userApi.accessReview, { query: { due, limit: '100' } })
        assert.equal(items.length, total)
        return items.some(({ user_id }) => user_id === ada.id)
      }
      const is_due = await listed('true')
      assert.equal(await listed('false'), !is_due)
      return is_due
    }
    assert.equal(await isDue(), true)
    await admin.call(userApi.review, { ...of(ada), body: { verdict: 'change' } })
    assert.equal(await isDue(), true)
    await admin.call(userApi.review, { ...of(ada), body: { verdict: 'keep' } })
    assert.equal(await isDue(), false)
    await api.rows(sql`update access_reviews set created_at = now() - interval '181 days' where user_id = ${ada.id}`)
    assert.equal(await isDue(), true)
    await admin.call(userApi.deactivate, of(ada))
    assert.equal(await isDue(), false)
  })
})

describe('the last administrator', () => {
  it('is kept, even from another role that may deactivate users', async () => {
    await using api = await startTestApi()
    const boss = await testAccount(api, { role: 'admin' })
    await api.rows(
      sql`insert into roles (name, permissions) select 'deputy', permissions from roles where name = 'admin'`,
    )
    const deputy = await api.person('deputy')
    await assert.rejects(
      deputy.call(userApi.deactivate, { params: { user_id: boss.id } }),
      refusedWith(lastAdministrator),
    )
    await assert.rejects(
      deputy.call(userApi.update, { params: { user_id: boss.id }, body: { role: 'auditor' } }),
      refusedWith(lastAdministrator),
    )
  })

  it('is one of two who deactivate each other at the same moment', async () => {
    await using api = await startTestApi()
    const [one, two] = [await api.person('admin'), await api.person('admin')]
    await Promise.allSettled([
      one.call(userApi.deactivate, { params: { user_id: two.user_id } }),
      two.call(userApi.deactivate, { params: { user_id: one.user_id } }),
    ])
    assert.deepEqual(await api.rows(sql`select count(*)::int from users where role = 'admin' and is_active`), [
      { count: 1 },
    ])
  })
})
