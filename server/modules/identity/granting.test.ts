import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { testAccount } from './accounts.testing.ts'
import { newestMail, testPassword } from './accounts.testing.ts'
import { roleApi } from './role.contract.ts'
import { sessionApi } from './session.contract.ts'
import { beyondOwnRights, userApi } from './user.contract.ts'
import { userSessionApi } from './user-session.contract.ts'

describe('a right that was withdrawn', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())
  const of = (user_id: string) => ({ params: { user_id } })

  for (const permission of ['nursing-assessments:write', 'emergency-access:use', 'users:read']) {
    it(`is given back by an administrator: ${permission}`, async () => {
      const [admin, { id }] = [await api.person('admin'), await testAccount(api)]
      await admin.call(userApi.update, { ...of(id), body: { denied_permissions: [permission] } })
      const given = await admin.call(userApi.update, { ...of(id), body: { denied_permissions: [] } })
      assert.deepEqual(given.denied_permissions, [])
    })
  }

  it('is not given on, or back to another, by the one who lost it', async () => {
    const [admin, other, nurse] = [await api.person('admin'), await api.person('admin'), await testAccount(api)]
    const withdrawal = { body: { denied_permissions: ['patients:erase'] } }
    await admin.call(userApi.update, { ...of(other.user_id), ...withdrawal })
    await admin.call(userApi.update, { ...of(nurse.id), ...withdrawal })
    const body = { email: 'second@example.test', first_name: 'Second', last_name: 'Self', role: 'admin' }
    await assert.rejects(other.call(userApi.create, { body }), refusedWith(beyondOwnRights))
    await assert.rejects(
      other.call(userApi.update, { ...of(nurse.id), body: { role: 'admin' } }),
      refusedWith(beyondOwnRights),
    )
    await assert.rejects(
      other.call(userApi.update, { ...of(nurse.id), body: { denied_permissions: [] } }),
      refusedWith(beyondOwnRights),
    )
    assert.equal((await other.call(userApi.update, { ...of(nurse.id), body: { role: 'staff' } })).role, 'staff')
  })
})

describe('whoever looks after accounts', () => {
  let api: TestApi
  let admin: Person
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
    const looksAfter = ['users:create', 'users:read', 'users:update', 'users:delete', 'roles:read', 'roles:write']
    const nursing = sql<{ permissions: string[] }>`select permissions from roles where name = 'nurse'`
    const [nurse] = await api.rows(nursing)
    for (const [name, permissions] of Object.entries({
      personnel: looksAfter,
      head_nurse: [...looksAfter, ...(nurse?.permissions ?? [])],
      clerk: ['patients:read:department'],
      bare: ['appointments:read:own'],
    }))
      await api.rows(sql`insert into roles (name, permissions) values (${name}, ${permissions})`)
  })
  after(() => api[Symbol.asyncDispose]())
  let made = 0
  const create = (who: Person, role: string, department_id?: string) => {
    const email = `granted.${(made += 1)}@example.test`
    const body = { email, first_name: 'Grace', last_name: 'Hopper', role, password: testPassword }
    return who.call(userApi.create, { body: department_id ? { ...body, department_id } : body })
  }
  const of = ({ id }: { id: string }) => ({ params: { user_id: id } })

  it('makes no account that sees more than its maker', async () => {
    const personnel = await api.person('personnel')
    for (const role of ['staff', 'nurse', 'doctor', 'patient', 'admin', 'auditor', 'clerk', 'bare'])
      await assert.rejects(create(personnel, role), refusedWith(beyondOwnRights), role)
    assert.equal((await create(personnel, 'personnel')).role, 'personnel')
  })

  it('raises no account to more than that, by role, department or opening it again', async () => {
    const [here, there] = [await api.department(), await api.department()]
    const head = await api.person('head_nurse', { department_id: here })
    const nurse = await testAccount(api, { department_id: here })
    const away = await testAccount(api, { department_id: there, is_active: false })
    const change = (account: { id: string }, body: object) => head.call(userApi.update, { ...of(account), body })
    await assert.rejects(change(nurse, { role: 'staff' }), refusedWith(beyondOwnRights))
    await assert.rejects(change(nurse, { department_id: there }), refusedWith(beyondOwnRights))
    await assert.rejects(change(away, { is_active: true }), refusedWith(beyondOwnRights))
    await api.rows(sql`update users set awaits_approval = true where id = ${away.id}`)
    await assert.rejects(head.call(userApi.approve, of(away)), refusedWith(beyondOwnRights))
    assert.equal((await change(nurse, { is_active: false })).is_active, false)
    assert.equal((await change(nurse, { is_active: true })).is_active, true)
    assert.equal((await change(nurse, { department_id: null })).department_id, null)
  })

  it('gives what reaches a department within their own only', async () => {
    const [here, there] = [await api.department(), await api.department()]
    const head = await api.person('head_nurse', { department_id: here })
    assert.equal((await create(head, 'nurse', here)).department_id, here)
    await assert.rejects(create(head, 'nurse', there), refusedWith(beyondOwnRights))
    await assert.rejects(create(head, 'nurse'), refusedWith(beyondOwnRights))
    const definition = { params: { name: 'another' }, body: { permissions: ['patients:read:department'] } }
    await assert.rejects(head.call(roleApi.write, definition), refusedWith(beyondOwnRights))
  })

  it('gets no link to an account that sees more than they do', async () => {
    const [personnel, here, there] = [await api.person('personnel'), await api.department(), await api.department()]
    const head = await api.person('head_nurse', { department_id: here })
    const invited = async (role: string, department_id?: string) => {
      const account = await testAccount(api, { role, ...(department_id ? { department_id } : {}) })
      await api.rows(sql`update users set password_hash = null where id = ${account.id}`)
      return of(account)
    }
    for (const [who, account] of [
      [personnel, await invited('doctor')],
      [personnel, await invited('patient')],
      [head, await invited('nurse', there)],
    ] as const)
      await assert.rejects(who.call(userApi.invite, account), refusedWith(beyondOwnRights))
    assert.match((await personnel.call(userApi.invite, await invited('personnel'))).link, /#owi_/)
    assert.match((await head.call(userApi.invite, await invited('nurse', here))).link, /#owi_/)
    assert.match((await admin.call(userApi.invite, await invited('doctor'))).link, /#owi_/)
  })

  it('appoints whoever treats and cares, as an administrator', async () => {
    for (const role of ['doctor', 'nurse', 'staff', 'patient', 'auditor', 'admin'])
      assert.equal((await create(admin, role)).role, role)
  })

  it('does nothing to those who rule over more', async () => {
    const personnel = await api.person('personnel')
    const boss = await testAccount(api, { role: 'admin' })
    const { token } = await api.signIn(boss.id)
    for (const refused of [
      () => personnel.call(userApi.update, { ...of(boss), body: { last_name: 'Renamed' } }),
      () => personnel.call(userApi.unlock, of(boss)),
      () => personnel.call(userApi.startReset, of(boss)),
      () => personnel.call(userSessionApi.endSessions, of(boss)),
      () => personnel.call(userApi.removeMfa, of(boss)),
      () => personnel.call(userApi.deactivate, of(boss)),
      () => personnel.call(roleApi.write, { params: { name: 'auditor' }, body: { permissions: [] } }),
    ])
      await assert.rejects(refused(), refusedWith(beyondOwnRights))
    assert.equal(await newestMail(api, boss.email), undefined)
    assert.ok(await api.call(sessionApi.me, {}, { authorization: `Bearer ${token}` }))
    const equal = await testAccount(api, { role: 'personnel' })
    await personnel.call(userApi.startReset, of(equal))
    assert.match((await newestMail(api, equal.email))?.token ?? '', /^owp_/)
  })
})
