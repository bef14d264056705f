// Nobody learns who has an account (ID-06): not by an answer, and not by the work behind it, which is what a clock would measure.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { observeWork, type Work } from '../../work.testing.ts'
import { accountApi } from './account.contract.ts'
import { newestMail, testAccount, testPassword } from './accounts.testing.ts'
import { invalidCredentials, loginApi, signInLocked } from './login.contract.ts'

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

  it('to sign in as them makes the same work at every failure, that of the lock too, of which only who is there gets mail', async () => {
    const known = await testAccount(api)
    const failAt = async (username: string) => {
      const seen: Work[] = []
      for (let failure = 1; failure <= 7; failure += 1) {
        work.take()
        const refused = refusedWith(failure <= 5 ? invalidCredentials : signInLocked)
        await assert.rejects(api.call(loginApi.login, { body: { username, password: 'wrong' } }), refused)
        seen.push(work.take())
      }
      return seen
    }
    // The first of each finds statements that are not prepared yet.
    await failAt((await testAccount(api)).email)
    const unknown = await failAt('nobody.at.all@example.test')
    assert.deepEqual(await failAt(known.email), unknown)
    assert.ok((unknown[4]?.statements ?? 0) > (unknown[3]?.statements ?? 0))
    assert.match((await newestMail(api, known.email))?.subject ?? '', /failed attempts/)
    assert.equal(await newestMail(api, 'nobody@openward.invalid'), undefined)
  })

  it('does not tell by the wait of one name whose other name it is, nor keeps the owner out under that', async () => {
    const { email } = await testAccount(api, { username: 'two.names' })
    const attempt = (username: string, password = 'wrong') => api.call(loginApi.login, { body: { username, password } })
    for (let count = 0; count < 5; count += 1) await assert.rejects(attempt('two.names'))
    await assert.rejects(attempt('two.names', testPassword), refusedWith(signInLocked))
    for (const name of [email, 'nobody.of.them@example.test'])
      await assert.rejects(attempt(name), refusedWith(invalidCredentials))
    // A sign-in with the one ends the wait of the other.
    assert.ok(await attempt(email, testPassword))
    assert.ok(await attempt('TWO.names', testPassword))
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
