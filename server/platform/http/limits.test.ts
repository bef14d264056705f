import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { openOthers } from '#platform/services/others.ts'
import { startTestApi } from '../../testing.ts'
import { installConsole } from './console.ts'
import { installDocumentation } from './documentation.ts'
import { networkOf } from './limits.ts'
import { buildHttp } from './server.ts'

describe('the limit of an address', () => {
  for (const [address, network] of [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['no address', 'no address'],
  ] as const) {
    it(`is that of ${network} for ${address}`, () => assert.equal(networkOf(address), network))
  }

  it('is not passed by with the other addresses of one subscriber', async () => {
    await using api = await startTestApi({ rate_limit: true, trusted_proxies: ['127.0.0.1'] })
    const forget = async (host: number) =>
      (
        await api.send({
          method: 'POST',
          url: '/api/v1/auth/password/forgot',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': `2001:db8::${host.toString(16)}` },
          body: JSON.stringify({ email: `nobody-${host}@example.test` }),
        })
      ).status
    const statuses = []
    for (let host = 1; host <= 11; host += 1) statuses.push(await forget(host))
    assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 202), 429])
  })

  it('is counted by this server alone while Redis is away, and never for what tells that it lives', async () => {
    await using api = await startTestApi({ rate_limit: true, redis_url: 'redis://127.0.0.1:1' })
    const ask = (url: string) => api.send({ method: 'GET', url, headers: {} })
    for (let count = 1; count <= 1200; count += 1) assert.equal((await ask('/problems/not_found')).status, 200)
    const { status, headers } = await ask('/problems/not_found')
    assert.deepEqual([status, headers['ratelimit-policy']], [429, '"address";q=1200;w=60'])
    assert.match(String(headers['ratelimit']), /^"address";r=0;t=\d+$/)
    assert.match(String(headers['retry-after']), /^\d+$/)
    assert.equal((await ask('/health/live')).status, 200)
  })

  it('is not for the pages of the console and of the reference, which have a wider one', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const http = await buildHttp({ system: api.system, routes: [], authenticate: () => assert.fail() })
    const folder = mkdtempSync(join(tmpdir(), 'openward-built-'))
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<p>Ward</p>')
    writeFileSync(join(folder, 'addresses.json'), '["/"]')
    installConsole(http, folder)
    await installDocumentation(http, [], openOthers({ service_urls: new Map() }))
    const ask = async (url: string) => {
      const { statusCode, headers } = await http.inject({ url })
      return [statusCode, /^"\w+";[rq]=\d+/.exec(String(headers.ratelimit))?.[0]]
    }
    for (let count = 1; count <= 1200; count += 1) assert.equal((await ask('/nowhere'))[0], 404)
    assert.deepEqual(await ask('/nowhere'), [429, '"address";r=0'])
    assert.deepEqual(await ask('/'), [200, '"pages";r=29999'])
    assert.deepEqual(await ask('/docs/'), [200, '"pages";r=29998'])
    assert.deepEqual(await ask('/openapi.json'), [200, '"pages";r=29997'])
    await http.close()
    rmSync(folder, { recursive: true })
  })

  it('is for strangers: whoever is signed in counts for themselves', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const people = await Promise.all(['nurse', 'nurse', 'staff'].map((role) => api.person(role)))
    const me = (token: string) =>
      api.send({ method: 'GET', url: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } })
    const statusOf = async (answer: ReturnType<typeof me>) => (await answer).status
    for (let count = 1; count <= 450; count += 1)
      for (const { token } of people) assert.equal(await statusOf(me(token)), 200)
    // A token that stands for nobody, and one where nobody asks for it, are of strangers.
    const stranger = { authorization: 'Bearer a.b.c' }
    const wrong = () => statusOf(api.send({ method: 'GET', url: '/api/v1/auth/me', headers: stranger }))
    const open = () => statusOf(api.send({ method: 'GET', url: '/.well-known/jwks.json', headers: stranger }))
    for (let count = 1; count <= 600; count += 1) assert.deepEqual([await wrong(), await open()], [401, 200])
    assert.deepEqual([await wrong(), await open()], [429, 429])
    assert.equal(await statusOf(me(people[0]?.token ?? '')), 200)
  })

  it('of one operation is that of a person, too, where people are signed in', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const [one, other] = [await api.person('nurse'), await api.person('nurse')]
    const ask = async ({ send }: typeof one) => {
      const headers = { 'content-type': 'application/json' }
      return (await send({ method: 'POST', url: '/api/v1/auth/reauthenticate', headers, body: '{' })).status
    }
    for (let count = 1; count <= 30; count += 1) assert.equal(await ask(one), 400)
    assert.deepEqual([await ask(one), await ask(other)], [429, 400])
  })

  it('of a person holds wherever they ask from', async () => {
    await using api = await startTestApi({ rate_limit: true, trusted_proxies: ['127.0.0.1'] })
    const nurse = await api.person('nurse')
    const ask = (host: number) =>
      nurse.send({ method: 'GET', url: '/api/v1/auth/me', headers: { 'x-forwarded-for': `203.0.113.${host}` } })
    for (let count = 1; count <= 600; count += 1) assert.equal((await ask(count % 200)).status, 200)
    const { status, headers } = await ask(201)
    assert.deepEqual([status, headers['ratelimit-policy']], [429, '"user";q=600;w=60'])
  })

  it('of a person counts what is refused to them, too, and what is refused is written down no more often', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const nurse = await api.person('nurse')
    const ask = async () => (await nurse.send({ method: 'GET', url: '/api/v1/users', headers: {} })).status
    const statuses = []
    for (let count = 1; count <= 603; count += 1) statuses.push(await ask())
    assert.deepEqual(
      Object.entries(Object.groupBy(statuses, String)).map(([status, of]) => [status, of?.length]),
      [
        ['403', 600],
        ['429', 3],
      ],
    )
    const denials = sql`select 1 from audit_logs where outcome = 'denied' and user_id = ${nurse.user_id}`
    assert.equal((await api.rows(denials)).length, 600)
  })

  it('counts a body of a wrong kind for the address, whatever token comes with it', async () => {
    await using api = await startTestApi({ rate_limit: true })
    const { token } = await api.person('nurse')
    const ask = async (authorization: string | undefined) => {
      const headers = { 'content-type': 'text/xml', ...(authorization && { authorization }) }
      return (await api.send({ method: 'POST', url: '/api/v1/patients', headers, body: '<x/>' })).status
    }
    const callers = [undefined, 'Bearer a.b.c', `Bearer ${token}`]
    for (let count = 0; count < 1200; count += 1) assert.equal(await ask(callers[count % 3]), 415)
    for (const caller of callers) assert.equal(await ask(caller), 429)
  })
})
