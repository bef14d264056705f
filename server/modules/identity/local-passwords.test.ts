import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { testAccount, testPassword } from './accounts.testing.ts'
import { accountApi } from './account.contract.ts'
import { localPasswordsOff } from './login.contract.ts'
import { mfaApi } from './mfa.contract.ts'
import { sessionApi } from './session.contract.ts'

describe('while local passwords are off', () => {
  let api: TestApi
  let nurse: Person
  before(async () => {
    api = await startTestApi({ local_passwords: false })
    nurse = await api.person('nurse')
  })
  after(() => api[Symbol.asyncDispose]())

  const new_password = 'amber lantern orchard 27'
  const ways: [what: string, ask: () => Promise<unknown>][] = [
    ['proves who one is', () => nurse.call(sessionApi.reauthenticate, { body: { password: testPassword } })],
    [
      'takes the second factor away',
      () => nurse.call(mfaApi.disable, { body: { password: testPassword, otp: '123456' } }),
    ],
    [
      'is changed',
      () => nurse.call(accountApi.changePassword, { body: { current_password: testPassword, new_password } }),
    ],
    ['is forgotten', () => api.call(accountApi.forgotPassword, { body: { email: 'ada@example.test' } })],
    ['is reset', () => api.call(accountApi.resetPassword, { body: { token: 'owp_x', new_password } })],
    [
      'is chosen after an invitation',
      () => api.call(accountApi.acceptInvitation, { body: { token: 'owi_x', new_password } }),
    ],
  ]
  for (const [what, ask] of ways) {
    it(`none ${what}`, async () => {
      const { id } = await testAccount(api)
      await assert.rejects(ask(), refusedWith(localPasswordsOff))
      assert.deepEqual(await api.rows(sql`select from mails where user_id = ${id}`), [])
    })
  }
})
