// Headers, origins, forwarded addresses and raw bytes (security A8), against a listening server.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'
import { brokenRequests, postOf } from './broken-requests.ts'
import { assertProblem } from './problem.ts'
import { canary, type Probe, startProbe } from './probe.ts'

const origin = 'https://console.example.test'
let api: TestApi
let probe: Probe
let admin: Person
before(async () => {
  api = await startTestApi()
  probe = await startProbe(api, { cors_origins: [origin] })
  admin = await api.person('admin')
})
after(async () => {
  await probe[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const patient_id = '0198c0de-0000-7000-8000-00000000000a'
const see = (headers: Record<string, string> = {}) =>
  probe.send({
    method: 'GET',
    url: `/api/v1/probes/${patient_id}`,
    headers: { authorization: `Bearer ${admin.token}`, ...headers },
  })
const entriesOf = (correlation_id: string) =>
  api.rows<{ ip_address: string; user_agent: string | null }>(
    sql`select host(ip_address) as ip_address, user_agent from audit_logs where correlation_id = ${correlation_id}`,
  )

describe('TR-02 the headers that protect', () => {
  const answers: [
    string,
    () => Promise<{ statusCode: number; headers: Record<string, unknown>; body: string }>,
    number,
  ][] = [
    ['an answer', () => see(), 200],
    ['a refusal of strangers', () => see({ authorization: '' }), 401],
    ['a missing address', () => probe.send({ method: 'GET', url: '/nothing' }), 404],
    ['a wrong method', () => probe.send({ method: 'DELETE', url: '/api/v1/probes' }), 405],
    [
      'a wrong body',
      () =>
        probe.send({ method: 'POST', url: '/api/v1/probes', headers: { 'content-type': 'text/xml' }, payload: '<x/>' }),
      415,
    ],
    ['an address that cannot be read', () => probe.send({ method: 'GET', url: '/api/v1/probes/%' }), 400],
    ['an address that is too long', () => probe.send({ method: 'GET', url: `/api/v1/probes/${'x'.repeat(300)}` }), 404],
    ['a failure', () => probe.send({ method: 'GET', url: '/api/v1/probe-faults/thrown' }), 500],
    ['the health', () => api.app.http.inject({ method: 'GET', url: '/health' }), 200],
    ['the reference', () => api.app.http.inject({ method: 'GET', url: '/openapi.json' }), 200],
  ]
  for (const [name, ask, status] of answers) {
    it(`stand on ${name}`, async () => {
      const answer = await ask()
      const { statusCode, headers } = answer
      if (statusCode >= 400) assertProblem(answer, status)
      assert.equal(statusCode, status)
      const age = Number(/max-age=(\d+)/.exec(String(headers['strict-transport-security']))?.[1])
      assert.ok(age >= 31_536_000 && String(headers['strict-transport-security']).includes('includeSubDomains'))
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.match(String(headers['referrer-policy']), /no-referrer/)
      for (const directive of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
        assert.ok(String(headers['content-security-policy']).includes(directive), directive)
      }
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['x-powered-by'], undefined)
      assert.equal(headers.server, undefined)
      assert.ok(headers['x-correlation-id'])
    })
  }

  it('TR-04 let no cache keep what is about a person', async () => {
    for (const answer of [await see(), await see({ authorization: '' })])
      assert.equal(answer.headers['cache-control'], 'no-store')
  })
})

describe('TR-03 another origin', () => {
  const ask = (from: string, method: 'GET' | 'OPTIONS' = 'GET') =>
    probe.send({
      method,
      url: '/api/v1/probes',
      headers: {
        origin: from,
        ...(method === 'OPTIONS'
          ? { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
          : {}),
      },
    })

  it('is let in when it is on the list', async () => {
    for (const method of ['GET', 'OPTIONS'] as const) {
      const { headers } = await ask(origin, method)
      assert.deepEqual(
        [headers['access-control-allow-origin'], headers['access-control-allow-credentials']],
        [origin, 'true'],
      )
      assert.match(String(headers.vary), /Origin/i)
    }
  })

  it('on the list may ask by every method of an operation, and read the headers that answers have', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const { statusCode, headers } = await probe.send({
        method: 'OPTIONS',
        url: '/api/v1/probes',
        headers: { origin, 'access-control-request-method': method },
      })
      const methods = String(headers['access-control-allow-methods']).split(/, ?/)
      assert.ok(statusCode === 204 && methods.includes(method), `${method} is not in ${methods.join()}`)
    }
    const exposed = String((await ask(origin)).headers['access-control-expose-headers']).split(/, ?/)
    for (const header of ['etag', 'location', 'retry-after', 'idempotency-replayed', 'content-disposition'])
      assert.ok(exposed.includes(header), header)
  })

  it('is told nothing otherwise, however much it looks like a listed one', async () => {
    const others = [
      'null',
      'https://console.example.test.evil.test',
      'https://evil.test/console.example.test',
      'https://evilconsole.example.test',
      'http://console.example.test',
      'https://console.example.test:8443',
      'https://console.example.tes',
      'HTTPS://CONSOLE.EXAMPLE.TEST',
      'https://console.example.test/',
      '*',
    ]
    for (const other of others) {
      for (const method of ['GET', 'OPTIONS'] as const) {
        const { headers } = await ask(other, method)
        assert.equal(headers['access-control-allow-origin'], undefined, `${method} ${other}`)
      }
    }
  })
})

describe('TR-05 forwarded headers', () => {
  const spoofed = {
    'x-forwarded-for': '203.0.113.9',
    'x-real-ip': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
    'x-user-id': crypto.randomUUID(),
    'x-forwarded-host': 'evil.test',
    host: 'evil.test',
    'x-original-url': '/api/v1/users',
    'x-http-method-override': 'DELETE',
  }

  it('are not believed of a stranger', async () => {
    const { statusCode, headers, body } = await see(spoofed)
    assert.equal(statusCode, 200)
    assert.doesNotMatch(JSON.stringify(headers) + body, /evil\.test/)
    assert.deepEqual(
      (await entriesOf(String(headers['x-correlation-id']))).map(({ ip_address }) => ip_address),
      ['127.0.0.1'],
    )
    const nobody = await see({ ...spoofed, authorization: '' })
    assertProblem(nobody, 401)
  })

  it('are believed of a proxy that is named', async () => {
    await using behind = await startProbe(api, { trusted_proxies: ['127.0.0.1'] })
    const { headers } = await behind.send({
      method: 'GET',
      url: `/api/v1/probes/${patient_id}`,
      headers: { authorization: `Bearer ${admin.token}`, ...spoofed },
    })
    assert.deepEqual(
      (await entriesOf(String(headers['x-correlation-id']))).map(({ ip_address }) => ip_address),
      ['203.0.113.9'],
    )
  })

  it('that hold no address break nothing', async () => {
    await using behind = await startProbe(api, { trusted_proxies: ['127.0.0.1'] })
    for (const address of [
      'not-an-address',
      "'; drop table audit_logs;--",
      '999.1.1.1',
      'unknown',
      '[::1',
      '203.0.113.9:1234',
      'x'.repeat(5000),
    ]) {
      const answer = await behind.send({
        method: 'GET',
        url: `/api/v1/probes/${patient_id}`,
        headers: { authorization: `Bearer ${admin.token}`, 'x-forwarded-for': address },
      })
      assert.equal(answer.statusCode, 200, `${address.slice(0, 40)}: ${answer.body}`)
    }
  })
})

describe('TR-06 raw bytes', () => {
  const body = '{"name":"W","age":1}'
  const post = (headers: string, sent = body) =>
    postOf({ path: '/api/v1/probes', token: admin.token, body: sent }, headers)

  it('that are one good request are answered', async () => {
    assert.deepEqual((await probe.raw(post(`connection: close\r\ncontent-length: ${body.length}\r\n`))).statuses, [201])
  })

  for (const [name, bytes] of Object.entries(brokenRequests)) {
    it(`with ${name} are refused and end the connection`, async () => {
      const had = await api.rows(sql`select from departments`)
      const { statuses, closed, text } = await probe.raw(bytes({ path: '/api/v1/probes', token: admin.token, body }))
      assert.equal(statuses.length, 1, text)
      assert.ok([400, 405, 408, 411, 415, 431, 501, 505].includes(statuses[0] ?? 0), text)
      assert.ok(closed, `the connection stays open: ${text}`)
      assert.doesNotMatch(text, /"status":"ok"/, 'a smuggled request was answered')
      assert.equal((await api.rows(sql`select from departments`)).length, had.length)
    })
  }

  it('answer to TRACE, CONNECT and methods of other protocols with a refusal', async () => {
    for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'MKCOL', 'PURGE', 'SEARCH', 'QUERY']) {
      const { statuses, text } = await probe.raw(
        `${method} /api/v1/probes HTTP/1.1\r\nhost: x\r\nx-secret: ${canary}\r\nconnection: close\r\n\r\n`,
      )
      assert.ok(
        statuses.every((status) => [400, 404, 405, 501].includes(status)),
        text,
      )
      assert.doesNotMatch(text, new RegExp(canary))
    }
  })

  it('that stop in the middle leave nothing behind', async () => {
    const had = await api.rows(sql`select from departments`)
    await probe.raw(post('content-length: 100\r\n', body))
    assert.equal((await api.rows(sql`select from departments`)).length, had.length)
    assert.equal((await see()).statusCode, 200)
  })
})

describe('TR-07 the correlation id', () => {
  const id = async (headers: Record<string, string>) => String((await see(headers)).headers['x-correlation-id'])

  it("is the caller's where it is well-formed, in the answer, the log and the audit", async () => {
    for (const name of ['x-correlation-id', 'x-request-id']) {
      const given = `given-${crypto.randomUUID()}`
      assert.equal(await id({ [name]: given }), given)
      assert.equal((await entriesOf(given)).length, 1)
      assert.equal(probe.lines.filter((line) => line.includes(given)).length, 1)
    }
  })

  it('is the trace of a valid traceparent', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    assert.equal(await id({ traceparent: `00-${trace}-00f067aa0ba902b7-01` }), trace)
  })

  it('is made anew where what is given is not well-formed', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const bad: Record<string, string>[] = [
      { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
      { traceparent: `00-${trace}-${'0'.repeat(16)}-01` },
      { traceparent: `ff-${trace}-00f067aa0ba902b7-01` },
      { traceparent: `00-${trace.toUpperCase()}-00f067aa0ba902b7-01` },
      { traceparent: `00-${trace}` },
      { 'x-correlation-id': 'x'.repeat(10_240) },
      { 'x-correlation-id': 'short' },
      { 'x-correlation-id': '' },
      { 'x-correlation-id': 'with space in it' },
      { 'x-correlation-id': 'a"}\\n{"level":"fatal' },
      { 'x-request-id': '<script>alert(1)</script>' },
      { 'x-correlation-id': 'null\u00e9null\u00e9' },
    ]
    for (const headers of bad) {
      const made = await id(headers)
      assert.match(made, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      for (const value of Object.values(headers))
        assert.ok(value === '' || !probe.lines.some((line) => line.includes(value)))
    }
  })

  it('cannot hold a line end', async () => {
    const { statuses, text } = await probe.raw(
      `GET /api/v1/probes HTTP/1.1\r\nhost: x\r\nx-correlation-id: good-one-1\r\nx-injected: 1\r\nconnection: close\r\n\r\n`,
    )
    assert.deepEqual(statuses, [401])
    assert.doesNotMatch(text, /x-injected/)
  })
})
