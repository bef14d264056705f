import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { testAccount } from './accounts.testing.ts'
import { beyondOwnRights, userApi } from './user.contract.ts'

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
