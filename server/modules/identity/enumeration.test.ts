// Nobody learns who has an account (ID-06): not by an answer, and not by the work behind it, which is what a clock would measure.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { observeWork, type Work } from '../../work.testing.ts'
import { accountApi } from './account.contract.ts'
import { testAccount } from './accounts.testing.ts'
import { invalidCredentials, loginApi } from './login.contract.ts'

describe('asking for somebody', () => {
  let api: TestApi
  let work: ReturnType<typeof observeWork>
  before(async () => {
    api = await startTestApi()
    work = observeWork(api)
  })
  after(() => api[Symbol.asyncDispose]())

  /** The work of 20 requests for names that nobody has, and of 20 for names of accounts, in turns; each name once. */
  async function compared(ask: (name: string) => Promise<unknown>) {
    const known = await Promise.all(Array.from({ length: 21 }, () => testAccount(api)))
    const seen: { unknown: Work[]; known: Work[] } = { unknown: [], known: [] }
    for (const [at, { email }] of known.entries()) {
      for (const [kind, name] of [['unknown', `nobody.${at}@example.test`] as const, ['known', email] as const]) {
        work.take()
        await ask(name)
        // The first of each finds statements that are not prepared yet.
        if (at > 0) seen[kind].push(work.take())
      }
    }
    return seen
  }

  it('to sign in as them makes the same work for an unknown name as for a wrong password', async () => {
    const { unknown, known } = await compared((username) =>
      assert.rejects(
        api.call(loginApi.login, { body: { username, password: 'not the password at all' } }),
        refusedWith(invalidCredentials),
      ),
    )
    assert.equal(unknown.length, 20)
    assert.deepEqual(new Set(unknown.map(({ hashes }) => hashes)), new Set([1]))
    assert.ok(unknown.every(({ statements, trips }) => statements > 3 && trips > 0))
    assert.deepEqual(known, unknown)
  })

  it('to reset their password makes the same trips for an unknown address as for one with an account', async () => {
    const { unknown, known } = await compared((email) => api.call(accountApi.forgotPassword, { body: { email } }))
    assert.equal(unknown.length, 20)
    assert.deepEqual(
      known.map(({ trips, hashes }) => [trips, hashes]),
      unknown.map(({ trips, hashes }) => [trips, hashes]),
    )
  })
})
