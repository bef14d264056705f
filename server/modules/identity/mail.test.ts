import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { malformed } from '#platform/contract/problem.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { accountApi } from './account.contract.ts'
import { testAccount } from './accounts.testing.ts'
import { type Mail, mailApi } from './mail.contract.ts'
import { userApi } from './user.contract.ts'

describe('the outbox', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('is read to its end by cursor, each mail once', async () => {
    const admin = await api.person('admin')
    for (let count = 0; count < 3; count += 1) {
      const { email } = await testAccount(api)
      await api.call(accountApi.forgotPassword, { body: { email } })
    }
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: { items: Mail[]; next_cursor?: string | null } = await admin.call(mailApi.list, {
        query: { limit: '2', ...(cursor === null ? {} : { cursor }) },
      })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor ?? null
    } while (cursor !== null)
    assert.deepEqual([seen.length, new Set(seen).size], [3, 3])
  })

  it('and the list of users refuse a cursor that is not theirs', async () => {
    const admin = await api.person('admin')
    for (const cursor of ['nonsense', admin.user_id, btoa('nonsense')]) {
      await assert.rejects(admin.call(mailApi.list, { query: { cursor } }), refusedWith(malformed))
      await assert.rejects(admin.call(userApi.list, { query: { cursor } }), refusedWith(malformed))
      await assert.rejects(admin.call(userApi.list, { query: { cursor, q: 'ada' } }), refusedWith(malformed))
    }
  })
})

describe('the readiness of a server', () => {
  for (const [what, overrides, status] of [
    ['degraded in production without a mail server', { production: true }, 'degraded'],
    ['whole in production with one', { production: true, smtp_url: 'smtp://127.0.0.1:9' }, 'ok'],
    ['whole in development, where mail is shown instead', {}, 'ok'],
  ] as const) {
    it(`is ${what}`, async () => {
      await using api = await startTestApi(overrides)
      const answer = await api.send({ method: 'GET', url: '/health/ready', headers: {} })
      const { parts } = JSON.parse(answer.text) as { parts: { mail?: { status: string } } }
      assert.deepEqual([answer.status, parts.mail?.status], [200, status])
    })
  }
})
