import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import type { Api, Operation } from '#platform/contract/operation.ts'
import { defineProblem, overloaded, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { openAuthentication } from '#modules/identity'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { implement, mount, type Route } from './mount.ts'
import { buildHttp } from './server.ts'

const teapot = defineProblem('teapot', 418, 'This is a teapot')
const common = { summary: 'A probe', access: 'signed_in', audit: 'none', returns: [204, null], problems: [] } as const
const probeApi = {
  silent: { ...common, method: 'POST', path: '/probe/silent' },
  optional: {
    ...common,
    method: 'POST',
    path: '/probe/optional',
    body: z.strictObject({ word: z.string() }).optional(),
    returns: [200, z.object({ given: z.boolean() })],
  },
  form: {
    ...common,
    method: 'POST',
    path: '/probe/form',
    accepts: 'multipart',
    body: z.strictObject({ note: z.string(), file: z.instanceof(Uint8Array) }),
    returns: [200, z.object({ note: z.string(), bytes: z.int() })],
  },
  judged: {
    ...common,
    method: 'POST',
    path: '/probe/judged',
    body: z.strictObject({
      odd: z.number().refine((number) => number % 2 === 1, { error: 'Must be odd', params: { code: 'even' } }),
      small: z.number().refine((number) => number < 10, 'Must be less than 10'),
      'a/b~c': z.string().optional(),
    }),
  },
  failing: {
    ...common,
    method: 'GET',
    path: '/probe/failing/{record_id}',
    audit: { action: 'probe.read', resource_type: 'probe' },
    params: z.strictObject({ record_id: z.string() }),
  },
  oauth: { ...common, method: 'POST', path: '/probe/oauth/{how}', fails_as: 'oauth', access: 'public' },
  headers: {
    ...common,
    method: 'GET',
    path: '/probe/headers',
    returns: [200, z.object({ word: z.string().nullable() })],
  },
} as const satisfies Api

const json = { 'content-type': 'application/json' }

describe('an operation', () => {
  let api: TestApi
  let nurse: Person
  let http: Awaited<ReturnType<typeof buildHttp>>
  let done = 0
  let failure: unknown

  const routes = implement('probe', probeApi, {
    silent: async () => void (done += 1),
    optional: async (_ctx, { body }) => ({ given: body !== undefined }),
    form: async (_ctx, { body }) => ({ note: body.note, bytes: body.file.length }),
    judged: async () => undefined,
    async failing() {
      throw failure
    },
    async oauth() {
      throw failure
    },
    headers: async (ctx) => ({ word: ctx.request_header('x-word') ?? null }),
  })
  before(async () => {
    api = await startTestApi()
    nurse = await api.person('nurse')
    const { authenticate } = await openAuthentication(api.system)
    http = await buildHttp({ system: api.system, routes, authenticate })
  })
  after(async () => {
    await http.close()
    await api[Symbol.asyncDispose]()
  })

  async function ask(
    method: Operation['method'],
    url: string,
    {
      headers = {},
      payload,
      remoteAddress = '127.0.0.1',
    }: {
      headers?: Record<string, string | string[]>
      payload?: string
      remoteAddress?: string
    } = {},
  ) {
    const reply = await http.inject({
      method,
      url,
      headers: { authorization: `Bearer ${nurse.token}`, ...headers },
      remoteAddress,
      ...(payload === undefined ? {} : { payload }),
    })
    const { statusCode: status, body: text } = reply
    return {
      status,
      headers: reply.headers,
      text,
      body: text === '' ? undefined : (reply.json() as Record<string, unknown>),
    }
  }
  const entriesOf = (action: string) =>
    api.rows(
      sql<{ outcome: string; resource_id: string | null; ip_address: string; details: unknown }>`
        select outcome, resource_id, host(ip_address) as ip_address, details from audit_logs where action = ${action} order by timestamp desc`,
    )

  it('without an answer is done once under its key, and a repeat gets no answer either', async () => {
    const headers = { 'idempotency-key': 'silently' }
    const first = await ask('POST', '/probe/silent', { headers })
    const second = await ask('POST', '/probe/silent', { headers })
    assert.deepEqual([first.status, first.text, first.headers['idempotency-replayed']], [204, '', undefined])
    assert.deepEqual([second.status, second.text, second.headers['idempotency-replayed']], [204, '', 'true'])
    assert.equal(second.headers['content-type'], undefined)
    assert.equal(done, 1)
  })

  for (const [payload, given] of [
    [undefined, false],
    ['null', false],
    ['{"word":"a"}', true],
  ] as const) {
    it(`whose body may be absent takes ${payload ?? 'none'}`, async () => {
      const { status, body } = await ask('POST', '/probe/optional', {
        headers: payload ? json : {},
        ...(payload ? { payload } : {}),
      })
      assert.deepEqual([status, body], [200, { given }])
    })
  }

  const bodies: [what: string, headers: Record<string, string>, payload: string | undefined, status: number][] = [
    ['no body and no type', {}, undefined, 204],
    ['a body that is null', json, 'null', 204],
    ['a body of a type that nobody reads', { 'content-type': 'image/png' }, 'x', 415],
    ['a body', json, '{}', 400],
  ]
  for (const [what, headers, payload, expected] of bodies) {
    it(`that takes no body answers ${expected} to ${what}`, async () => {
      const { status } = await ask('POST', '/probe/silent', { headers, ...(payload === undefined ? {} : { payload }) })
      assert.equal(status, expected)
    })
  }

  it('that takes no body minds no type of a body that is not there', async () => {
    assert.equal((await ask('GET', '/probe/headers', { headers: { 'content-type': 'image/png' } })).status, 200)
  })

  it('that takes no query names one as wrong', async () => {
    const { status, body } = await ask('POST', '/probe/silent?force=true')
    assert.equal(status, 422)
    assert.deepEqual(body?.['errors'], [
      { path: '/query', code: 'unrecognized_keys', message: 'This address takes no query' },
    ])
  })

  it('names each wrong member where it stands, with the code of its rule', async () => {
    const payload = JSON.stringify({ odd: 2, small: 10, 'a/b~c': 1, 'other/member': true })
    const { status, body } = await ask('POST', '/probe/judged', { headers: json, payload })
    assert.equal(status, 422)
    const errors = body?.['errors'] as { path: string; code: string }[]
    assert.deepEqual(errors.map(({ path, code }) => `${path} ${code}`).toSorted(), [
      '/body/a~1b~0c invalid_type',
      '/body/odd even',
      '/body/other~1member unrecognized_key',
      '/body/small custom',
    ])
  })

  describe('that takes a form', () => {
    const boundary = 'probe'
    const part = (disposition: string, content: string) =>
      `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`
    const file = part('name="file"; filename="a.csv"', 'a,b\n1,2\n')
    const send = (payload: string) =>
      ask('POST', '/probe/form', { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, payload })

    it('reads its text and its file', async () => {
      const { status, body } = await send(`${part('name="note"', 'seen')}${file}--${boundary}--\r\n`)
      assert.deepEqual([status, body], [200, { note: 'seen', bytes: 8 }])
    })
    it('refuses a part that is there twice', async () => {
      const { status, body } = await send(
        `${part('name="note"', 'a')}${part('name="note"', 'b')}${file}--${boundary}--\r\n`,
      )
      assert.deepEqual([status, body?.['detail']], [400, 'A form names each of its parts once'])
    })
    it('refuses one that is cut off', async () => {
      const { status, body } = await send(file.slice(0, -10))
      assert.deepEqual([status, body?.['code']], [400, 'malformed'])
    })
  })

  describe('that fails', () => {
    const fail = async (error: unknown) => {
      failure = error
      return ask('GET', `/probe/failing/${randomUUIDv7()}`)
    }

    it('tells when to come back where a repeat makes sense', async () => {
      assert.equal((await fail(new Problem(overloaded, { retry_after_seconds: 7 }))).headers['retry-after'], '7')
      assert.equal((await fail(new Problem(overloaded))).headers['retry-after'], '1')
      assert.equal((await fail(new Problem(teapot))).headers['retry-after'], undefined)
    })

    it('tells nothing of what it did not expect', async () => {
      const { status, text, body } = await fail(new TypeError('cannot read the name Testperson'))
      assert.deepEqual([status, body?.['code']], [500, 'unexpected'])
      assert.ok(!text.includes('Testperson'))
    })

    it('records a value that was tampered with as a failure, with where it stands', async () => {
      const row_id = randomUUIDv7()
      assert.equal((await fail(new IntegrityError('patients.sealed_card', row_id))).status, 500)
      const [entry] = await entriesOf('integrity.failed')
      assert.equal(entry?.outcome, 'failure')
      assert.deepEqual(entry?.details, { operation: 'probe.failing', where: 'patients.sealed_card', row_id })
    })
  })

  const oauthFailures: [thrown: Problem, status: number, error: string][] = [
    [new Problem(defineProblem('invalid_grant', 400, 'Wrong')), 400, 'invalid_grant'],
    [new Problem(defineProblem('unsupported_grant_type', 400, 'Wrong')), 400, 'unsupported_grant_type'],
    [new Problem(defineProblem('mfa_required', 403, 'Second factor')), 403, 'unauthorized_client'],
    [new Problem(defineProblem('invalid_request', 422, 'Wrong')), 400, 'invalid_request'],
    [new Problem(defineProblem('unsupported_media_type', 415, 'Wrong')), 400, 'invalid_request'],
    [new Problem(defineProblem('quota_exceeded', 429, 'Wait')), 429, 'temporarily_unavailable'],
    [new Problem(overloaded, { detail: 'Come back' }), 503, 'temporarily_unavailable'],
  ]
  for (const [thrown, status, error] of oauthFailures) {
    it(`that fails as OAuth clients expect it says ${error} of ${thrown.kind.code}`, async () => {
      failure = thrown
      const { status: answered, body } = await ask('POST', '/probe/oauth/it')
      assert.equal(answered, status)
      assert.equal(body?.['error'], error)
      assert.equal(body?.['error_description'], thrown.members.detail ?? thrown.kind.title)
      assert.equal(body?.['code'], thrown.kind.code)
    })
  }

  it('is told a header that is there once', async () => {
    const word = async (given: string[]) =>
      (
        await ask('GET', '/probe/headers', {
          headers: given.length === 0 ? {} : { 'set-cookie': given, 'x-word': given.join() },
        })
      ).body?.['word']
    assert.deepEqual([await word(['a']), await word([])], ['a', null])
  })

  for (const [remoteAddress, recorded] of [
    ['2001:db8::9', '2001:db8::9'],
    ['fe80::1%eth0', 'fe80::1'],
    ['no address', '0.0.0.0'],
  ] as const) {
    it(`records the caller at ${remoteAddress} as ${recorded}`, async () => {
      failure = new Problem(defineProblem('not_found', 404, 'Nothing'))
      const record_id = randomUUIDv7()
      const { status } = await ask('GET', `/probe/failing/${record_id}`, { remoteAddress })
      assert.equal(status, 404)
      const entry = (await entriesOf('probe.read')).find(({ resource_id }) => resource_id === record_id)
      assert.deepEqual([entry?.outcome, entry?.ip_address], ['denied', recorded])
    })
  }

  const policies: [what: string, policy: Partial<Record<'access' | 'audit', string>>, message: RegExp][] = [
    ['nobody may call', { access: '' }, /probe\.silent declares no policy/],
    ['leaves nobody knows what', { audit: '' }, /probe\.silent declares no policy/],
    ['asks for what is no permission', { access: 'patients' }, /probe\.silent has an access that is no permission/],
  ]
  for (const [what, policy, message] of policies) {
    it(`that ${what} keeps the server from starting`, () => {
      const [route] = routes
      const wrong = { ...route, operation: { ...probeApi.silent, ...policy } } as unknown as Route
      assert.throws(() => mount(http, api.system, [wrong], () => Promise.reject(new Error('not asked'))), message)
    })
  }
})
