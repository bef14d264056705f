import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { buildApp } from '../../app.ts'
import { bearer, newestMail, signedInAs, testAccount } from './accounts.testing.ts'
import { createTokenSigner, createTokenVerifier } from './access-tokens.ts'
import { accountApi } from './account.contract.ts'
import { keyApi } from './key.contract.ts'
import { purgeIdentity, rotateTokenKey } from './index.ts'
import { mailApi } from './mail.contract.ts'
import { loginApi } from './login.contract.ts'
import { sessionApi } from './session.contract.ts'
import { generateTokenKey, keysFromJwks } from './token-keys.ts'

describe('the keys of access tokens', () => {
  it('are published, and verify what was issued', async () => {
    await using api = await startTestApi()
    const { access_token } = await signedInAs(api, await testAccount(api))
    const answer = await api.send({ method: 'GET', url: keyApi.jwks.path, headers: {} })
    assert.match(answer.headers['cache-control'] ?? '', /^public/)
    assert.ok(!answer.text.includes('"d"'))
    const verifier = createTokenVerifier({
      issuer: api.configuration.public_url,
      audience: 'openward',
      keys: keysFromJwks(JSON.parse(answer.text)),
    })
    assert.equal(verifier.verify(access_token).claims?.role, 'nurse')
  })

  it('are rotated while people are signed in: tokens of both count, at every server', async () => {
    await using api = await startTestApi()
    const account = await testAccount(api)
    const old = await signedInAs(api, account)
    const other = await buildApp(api.system)
    try {
      const kid = await rotateTokenKey(api.system)
      assert.ok(await api.call(sessionApi.me, {}, old.headers))
      // The other server signs with the new key once it has noticed; this one meets it as an unknown key.
      const fresh = await buildApp(api.system)
      const login = await fresh.http.inject({
        method: 'POST',
        url: loginApi.login.path,
        payload: { username: account.email, password: account.password },
      })
      const { access_token } = login.json<{ access_token: string }>()
      assert.equal(JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString()).kid, kid)
      assert.ok(await api.call(sessionApi.me, {}, bearer(access_token)))
      assert.ok(await api.call(sessionApi.me, {}, old.headers))
      assert.equal(
        (await other.http.inject({ url: sessionApi.me.path, headers: bearer(access_token) })).statusCode,
        200,
      )
      await fresh.stop()
    } finally {
      await other.stop()
    }
  })

  it('are read again once for an unknown key, not for each token that invents one', async () => {
    await using api = await startTestApi()
    const key = generateTokenKey()
    const sign = createTokenSigner({ issuer: api.configuration.public_url, audience: 'openward', key })
    const grant = {
      sub: key.kid,
      sid: key.kid,
      role: 'admin',
      permissions: [],
      department_id: null,
      jti: 'x',
      issued_at: '2026-01-01T00:00:00Z',
      lifetime_seconds: 60,
    }
    const count = async () =>
      (
        await api.rows(
          sql<{
            calls: number
          }>`select coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::int as calls from pg_stat_user_tables where relname = 'signing_keys'`,
        )
      )[0]?.calls ?? 0
    await api.rows(sql`select pg_stat_force_next_flush()`)
    const before = await count()
    for (let attempt = 0; attempt < 50; attempt += 1)
      await assert.rejects(api.call(sessionApi.me, {}, bearer(sign(grant))), refusedWith(unauthenticated))
    assert.ok((await count()) - before < 20)
  })

  it('are dropped when their last token has long expired', async () => {
    await using api = await startTestApi()
    await rotateTokenKey(api.system)
    await api.rows(sql`update signing_keys set retired_at = now() - interval '3 hours' where retired_at is not null`)
    await purgeIdentity(api.system)
    const left = await api.rows(sql`select from signing_keys where purpose = 'access_token'`)
    assert.equal(left.length, 1)
  })
})

describe('housekeeping', () => {
  it('removes what has served and keeps what is still needed', async () => {
    await using api = await startTestApi()
    const [gone, here] = [await testAccount(api), await testAccount(api)]
    await signedInAs(api, gone)
    const { refresh_token } = await signedInAs(api, here)
    await api.rows(sql`update sessions set expires_at = now() - interval '2 days' where user_id = ${gone.id}`)
    await api.call(accountApi.forgotPassword, { body: { email: gone.email } })
    await api.rows(sql`update one_time_tokens set expires_at = now() - interval '2 days'`)
    await api.call(accountApi.forgotPassword, { body: { email: here.email } })
    await api.rows(sql`insert into idempotency_keys (user_id, operation, key_hash, request_hash, created_at)
      select ${here.id}, 'x', decode(age::text, 'hex'), '', now() - age * interval '1 hour' from unnest(array[24, 26]) as age`)
    await purgeIdentity(api.system)
    const [left] = await api.rows(sql`
      select (select count(*)::int from refresh_tokens) as refresh, (select count(*)::int from one_time_tokens) as links,
             (select count(*)::int from idempotency_keys) as answers`)
    assert.deepEqual(left, { refresh: 1, links: 1, answers: 1 })
    assert.ok(await api.call(loginApi.refresh, { body: { refresh_token } }))
    assert.ok(await newestMail(api, here.email))
  })
})

describe('the outbox', () => {
  it('shows the text to administrators, but not in production', async () => {
    for (const production of [false, true]) {
      await using api = await startTestApi({ production })
      const ada = await testAccount(api)
      await api.call(accountApi.forgotPassword, { body: { email: ada.email } })
      const { items, total } = await (await api.person('admin')).call(mailApi.list, { query: { status: 'waiting' } })
      assert.equal(total, 1)
      assert.deepEqual(
        [items[0]?.template, items[0]?.to, items[0]?.text?.includes('owp_')],
        production ? ['password_reset', null, undefined] : ['password_reset', ada.email, true],
      )
      await assert.rejects((await api.person('nurse')).call(mailApi.list, { query: {} }))
    }
  })
})
