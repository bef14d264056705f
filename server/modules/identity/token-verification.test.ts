import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { sessionEnded, unauthenticated, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { openJobs } from '#platform/jobs/jobs.ts'
import { buildApp } from '../../app.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { bearer, signedInAs, testAccount } from './accounts.testing.ts'
import { createTokenSigner } from './access-tokens.ts'
import { rotateTokenKey } from './index.ts'
import { loginApi } from './login.contract.ts'
import { sessionApi } from './session.contract.ts'
import { generateTokenKey } from './token-keys.ts'
import { tokenVerificationBy } from './token-verification.ts'

/** The service auth as others see it, which counts how often its keys are read. */
async function startAuth(api: TestApi) {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    void api.send({ method: 'GET', url: request.url ?? '/', headers: {} }).then(({ status, text }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    async stop() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function begin() {
  const api = await startTestApi()
  const auth = await startAuth(api)
  let now_ms = 1_000_000
  const configuration = {
    ...api.configuration,
    services: ['records'],
    service_urls: new Map([['auth', auth.url]] as const),
  } as const
  const system = { ...api.system, configuration }
  const opened = await tokenVerificationBy(() => now_ms).open(system, openJobs(system))
  const check = async () => (await opened.checks?.['token_keys']?.())?.status
  return {
    api,
    auth,
    opened,
    check,
    pass: (minutes: number) => void (now_ms += minutes * 60_000),
    authenticate: (token: string) => {
      assert.ok(opened.authenticate)
      return opened.authenticate(token)
    },
    /** Begins to read keys, and returns when they have been read. */
    async start() {
      await opened.start?.()
      while ((await check()) !== 'ok') await new Promise((resolve) => setTimeout(resolve, 5))
    },
    async [Symbol.asyncDispose]() {
      await opened.stop?.()
      await auth.stop()
      await api[Symbol.asyncDispose]()
    },
  }
}

describe('a service that signs nobody in', () => {
  it('knows people by the keys that auth publishes, and nobody before it has them', async () => {
    await using place = await begin()
    const { access_token } = await signedInAs(place.api, await testAccount(place.api))
    assert.equal(await place.check(), 'down')
    await assert.rejects(place.authenticate(access_token), refusedWith(unavailable))
    await place.start()
    assert.equal((await place.authenticate(access_token)).role, 'nurse')
  })

  it('goes on while auth is away, for as long as a token of its can live', async () => {
    await using place = await begin()
    const { access_token } = await signedInAs(place.api, await testAccount(place.api))
    await place.start()
    await place.auth.stop()
    place.pass(29)
    assert.equal((await place.authenticate(access_token)).role, 'nurse')
    place.pass(2)
    await assert.rejects(place.authenticate(access_token), refusedWith(unavailable))
    assert.equal(await place.check(), 'down')
  })

  it('refuses a session that has ended at auth', async () => {
    await using place = await begin()
    const { access_token } = await signedInAs(place.api, await testAccount(place.api))
    await place.start()
    await place.api.call(sessionApi.logout, {}, bearer(access_token))
    await assert.rejects(place.authenticate(access_token), refusedWith(sessionEnded))
  })

  it('meets a new key at once, and asks once in ten seconds for keys that somebody made up', async () => {
    await using place = await begin()
    const account = await testAccount(place.api)
    const old = await signedInAs(place.api, account)
    await place.start()
    const read = place.auth.asked()
    const key = generateTokenKey()
    const made_up = createTokenSigner({ issuer: place.api.configuration.public_url, audience: 'openward', key })
    const [user] = await place.api.rows(sql<{ id: string }>`select id from users limit 1`)
    const forged = made_up({
      sub: user?.id ?? '',
      sid: user?.id ?? '',
      role: 'admin',
      permissions: ['patients:read'],
      department_id: null,
      jti: 'x',
      issued_at: Temporal.Now.instant().toString(),
      lifetime_seconds: 60,
    })
    for (let times = 0; times < 20; times += 1)
      await assert.rejects(place.authenticate(forged), refusedWith(unauthenticated))
    assert.equal(place.auth.asked(), read + 1)
    assert.equal((await place.authenticate(old.access_token)).role, 'nurse')
  })

  it('knows who signed in with a key that was made a moment ago', async () => {
    await using place = await begin()
    const account = await testAccount(place.api)
    const old = await signedInAs(place.api, account)
    await place.start()
    const kid = await rotateTokenKey(place.api.system)
    // One more process of auth, which signs with the new key; that of this hospital meets it with the first token.
    const other = await buildApp(place.api.system)
    try {
      const login = await other.http.inject({
        method: 'POST',
        url: loginApi.login.path,
        payload: { username: account.email, password: account.password },
      })
      const { access_token } = login.json<{ access_token: string }>()
      assert.equal(JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString()).kid, kid)
      assert.ok(await place.api.call(sessionApi.me, {}, bearer(access_token)))
      assert.equal((await place.authenticate(access_token)).role, 'nurse')
      assert.equal((await place.authenticate(old.access_token)).role, 'nurse')
    } finally {
      await other.stop()
    }
  })
})
