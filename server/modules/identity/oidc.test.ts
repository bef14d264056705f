import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { after, before, describe, it } from 'node:test'
import Provider from 'oidc-provider'
import { sessionEnded } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { bearer, testAccount } from './accounts.testing.ts'
import { loginApi } from './login.contract.ts'
import { oidcApi } from './oidc.contract.ts'
import { sessionApi } from './session.contract.ts'

const port = 5911
const issuer = `http://127.0.0.1:${port}`
const public_url = 'http://127.0.0.1:5912'

type Claims = {
  sub: string
  email?: string
  email_verified?: boolean
  given_name?: string
  family_name?: string
  groups?: string[]
}

describe('signing in with the organisation', () => {
  let api: TestApi
  let server: Server
  const people = new Map<string, Claims>()
  before(async () => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'openward',
          client_secret: 'a secret of the test',
          redirect_uris: [`${public_url}/api/v1/auth/oidc/callback`],
        },
      ],
      claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
      pkce: { required: () => true },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ ...people.get(sub), sub }) }),
      features: { devInteractions: { enabled: true } },
    })
    provider.proxy = true
    server = provider.listen(port, '127.0.0.1')
    api = await startTestApi({
      public_url,
      oidc: {
        issuer,
        client_id: 'openward',
        client_secret: 'a secret of the test',
        groups_claim: 'groups',
        group_roles: [
          ['chiefs', 'admin'],
          ['wards', 'nurse'],
        ],
      },
      local_passwords: false,
    })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  /** Goes to the provider and through its forms as a browser would. */
  async function signInAtProvider(claims: Claims) {
    people.set(claims.sub, claims)
    const start = await api.send({ method: 'GET', url: oidcApi.start.path, headers: {} })
    assert.equal(start.status, 302)
    const cookie = (start.headers['set-cookie'] ?? '').split(';')[0] ?? ''
    const jar = new Map<string, string>()
    let url = start.headers.location ?? ''
    let body: URLSearchParams | undefined
    for (let step = 0; step < 12 && !url.startsWith(public_url); step += 1) {
      const answer = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body ? { method: 'POST', body } : {}),
      })
      for (const line of answer.headers.getSetCookie()) {
        const [pair = ''] = line.split(';')
        const at = pair.indexOf('=')
        jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      const location = answer.headers.get('location')
      body = undefined
      if (location) {
        url = new URL(location, url).href
      } else {
        const page = await answer.text()
        url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', url).href
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? ''
        body = new URLSearchParams({ prompt, login: claims.sub, password: 'x' })
      }
    }
    const back = new URL(url)
    return { url: `${back.pathname}${back.search}`, cookie }
  }
  async function comeBack({ url, cookie }: { url: string; cookie: string }) {
    const { status, text } = await api.send({ method: 'GET', url, headers: { cookie } })
    return { status, body: JSON.parse(text) as Record<string, string> }
  }
  const me = (token: string) => api.call(sessionApi.me, {}, bearer(token))

  it('makes an account with the role of the group, and knows it again', async () => {
    const claims = {
      sub: 'ada',
      email: 'Ada@example.test',
      email_verified: true,
      given_name: 'Ada',
      family_name: 'Lovelace',
      groups: ['other', 'wards'],
    }
    const first = await comeBack(await signInAtProvider(claims))
    assert.equal(first.status, 200)
    const person = await me(first.body.access_token ?? '')
    assert.deepEqual(
      [person.role, person.first_name, person.email, person.email_verified],
      ['nurse', 'Ada', 'Ada@example.test', true],
    )
    const again = await comeBack(await signInAtProvider({ ...claims, groups: ['wards', 'chiefs'] }))
    assert.deepEqual(
      [(await me(again.body.access_token ?? '')).id, (await me(again.body.access_token ?? '')).role],
      [person.id, 'admin'],
    )
    assert.ok(await api.call(loginApi.refresh, { body: { refresh_token: again.body.refresh_token ?? '' } }))
  })

  it('refuses who is in no mapped group, and ends the sessions of who no longer is', async () => {
    const claims = { sub: 'bob', email: 'bob@example.test', email_verified: true, groups: ['wards'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    const refused = await comeBack(await signInAtProvider({ ...claims, groups: ['garden'] }))
    assert.deepEqual([refused.status, refused.body.code], [403, 'oidc_no_role'])
    await assert.rejects(me(body.access_token ?? ''), { kind: sessionEnded })
    const stranger = await comeBack(await signInAtProvider({ sub: 'eve', email: 'eve@example.test', groups: [] }))
    assert.equal(stranger.body.code, 'oidc_no_role')
  })

  it('takes over an account that was made for that address, but not one that a patient made', async () => {
    const [made, registered] = [await testAccount(api, { role: 'nurse' }), await testAccount(api, { role: 'patient' })]
    const { body } = await comeBack(
      await signInAtProvider({ sub: 'made', email: made.email, email_verified: true, groups: ['wards'] }),
    )
    assert.equal((await me(body.access_token ?? '')).id, made.id)
    const other = await comeBack(
      await signInAtProvider({ sub: 'registered', email: registered.email, email_verified: true, groups: ['chiefs'] }),
    )
    assert.deepEqual([other.status, other.body.code], [409, 'account_exists'])
    const unverified = await testAccount(api, { role: 'nurse' })
    const guess = await comeBack(
      await signInAtProvider({ sub: 'guess', email: unverified.email, email_verified: false, groups: ['chiefs'] }),
    )
    assert.equal(guess.body.code, 'account_exists')
  })

  it('leaves no way in to whoever made an account with that address before its owner came', async () => {
    const claimed = await testAccount(api, { role: 'doctor', verified: false, mfa: true })
    const claims = { sub: 'owner', email: claimed.email, email_verified: true, groups: ['wards'] }
    const stolen = await api.signIn(claimed.id)
    const { body } = await comeBack(await signInAtProvider(claims))
    assert.equal((await me(body.access_token ?? '')).id, claimed.id)
    await assert.rejects(me(stolen.token), { kind: sessionEnded })
    const [left] = await api.rows(sql`
      select password_hash, mfa_enabled, email_verified_at is not null as is_verified from users where id = ${claimed.id}`)
    assert.deepEqual(left, { password_hash: null, mfa_enabled: false, is_verified: true })
  })

  it('refuses an account that is not active', async () => {
    const claims = { sub: 'carl', email: 'carl@example.test', email_verified: true, groups: ['wards'] }
    const { body } = await comeBack(await signInAtProvider(claims))
    await api.rows(sql`update users set is_active = false where id = ${(await me(body.access_token ?? '')).id}`)
    assert.equal((await comeBack(await signInAtProvider(claims))).body.code, 'account_inactive')
  })

  it('leaves the last administrator what they are, whatever their groups say, and records both', async () => {
    const roleOf = async ({ body }: { body: Record<string, string> }) => me(body.access_token ?? '')
    await api.rows(sql`update users set is_active = false where role = 'admin'`)
    const claims = { sub: 'boss', email: 'boss@example.test', email_verified: true, groups: ['chiefs'] }
    const boss = await roleOf(await comeBack(await signInAtProvider(claims)))
    assert.equal(boss.role, 'admin')
    const demoted = { ...claims, groups: ['wards'] }
    const kept = await comeBack(await signInAtProvider(demoted))
    assert.equal((await roleOf(kept)).role, 'admin')
    await api.person('admin')
    assert.equal((await roleOf(await comeBack(await signInAtProvider(demoted)))).role, 'nurse')
    const entries = await api.rows(sql`
      select outcome, details from audit_logs where action = 'user.update' and resource_id = ${boss.id} order by id`)
    assert.deepEqual(entries, [
      { outcome: 'denied', details: { method: 'oidc', role: 'nurse', reason: 'last_administrator' } },
      { outcome: 'success', details: { method: 'oidc', role: 'nurse', fields: ['role'] } },
    ])
  })

  it('takes an answer once, only in the browser that left, and only as it was given', async () => {
    const claims = { sub: 'dora', email: 'dora@example.test', email_verified: true, groups: ['wards'] }
    const answer = await signInAtProvider(claims)
    assert.equal((await comeBack({ ...answer, cookie: 'openward-oidc=owo_other' })).body.code, 'oidc_refused')
    assert.equal((await comeBack({ ...answer, cookie: '' })).status, 401)
    assert.equal((await comeBack(answer)).status, 200)
    assert.equal((await comeBack(answer)).body.code, 'oidc_refused')
    const forged = await signInAtProvider(claims)
    assert.equal(
      (await comeBack({ ...forged, url: forged.url.replace(/code=[^&]+/, 'code=invented') })).body.code,
      'oidc_refused',
    )
    const mixed = await signInAtProvider(claims)
    assert.equal(
      (await comeBack({ ...mixed, url: mixed.url.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.test') })).body.code,
      'oidc_refused',
    )
    const [audited] = await api.rows(sql<{ count: number }>`
      select count(*)::int as count from audit_logs where action = 'session.login' and outcome = 'failure' and details ->> 'method' = 'oidc'`)
    assert.ok((audited?.count ?? 0) >= 5)
  })

  it('is not there where no organisation is configured', async () => {
    await using plain = await startTestApi()
    assert.equal((await plain.send({ method: 'GET', url: oidcApi.start.path, headers: {} })).status, 404)
  })

  it('says so when the organisation does not answer', async () => {
    await using lost = await startTestApi({
      oidc: {
        issuer: 'http://127.0.0.1:5913',
        client_id: 'x',
        client_secret: undefined,
        groups_claim: 'groups',
        group_roles: [],
      },
    })
    assert.equal((await lost.send({ method: 'GET', url: oidcApi.start.path, headers: {} })).status, 503)
  })
})
