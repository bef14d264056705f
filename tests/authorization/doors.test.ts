// Ways around the matrix: routes without a policy, privileged members in bodies, tricks with paths, verbs and headers.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import type { Operation } from '#platform/contract/operation.ts'
import { buildHttp } from '#platform/http/server.ts'
import { openAuthentication } from '#modules/identity'
import { call } from './call.ts'
import { matrix } from './matrix.ts'
import { actors, startWorld, type Subject, type World } from './world.ts'

let world: World
let subject: Subject
before(async () => {
  world = await startWorld()
  subject = await world.subject()
})
after(() => world[Symbol.asyncDispose]())

describe('AZ-01 an operation without a policy', () => {
  const sound = {
    method: 'GET',
    path: '/api/v1/doors',
    summary: 'A door',
    access: 'patients:read',
    audit: 'none',
    returns: [200, z.object({})],
    problems: [],
  } as const
  const broken: [string, Partial<Record<keyof Operation, unknown>>][] = [
    ['says not who may call it', { access: undefined }],
    ['leaves that empty', { access: '' }],
    ['names no permission', { access: 'everyone' }],
    ['names a permission that is none', { access: 'patients:read; drop' }],
    ['says not what it leaves in the audit log', { audit: undefined }],
  ]
  const build = async (operation: Operation) => {
    const { authenticate } = await openAuthentication(world.api.system)
    const http = await buildHttp({
      system: world.api.system,
      routes: [{ id: 'doors.open', operation, handler: async () => undefined }],
      authenticate,
    })
    await http.close()
  }

  it('keeps the server from starting', async () => {
    await build(sound)
    for (const [why, members] of broken) {
      await assert.rejects(build({ ...sound, ...members } as Operation), /doors\.open/, why)
    }
  })

  it('is not among those served: every address of the router is an operation, or health, metrics and the reference', () => {
    const served = new Set(world.api.app.routes.map(({ operation }) => operation.path.replaceAll(/\{(\w+)\}/g, ':$1')))
    const open = /^\/(health|metrics|openapi\.json|docs|problems|api\/v1\/openapi\.json|\.well-known)/
    const tree = world.api.app.http.printRoutes({ commonPrefix: false })
    const paths = pathsOf(tree)
    assert.deepEqual(
      [...served].filter((path) => !paths.includes(path)),
      [],
      'the tree was not read',
    )
    const stray = paths.filter((path) => !served.has(path) && !open.test(path) && path !== '*')
    assert.deepEqual(stray, [])
  })
})

describe('AZ-05, AZ-06 members that the contract does not name', () => {
  const privileged = [
    'id',
    'role',
    'roles',
    'permissions',
    'is_admin',
    'isAdmin',
    'patientId',
    'owner_id',
    'ownerId',
    'status',
    'deleted_at',
    'deletedAt',
    'mrn',
    'patient_number',
    'created_by',
    'createdBy',
    'created_at',
    'version',
    'key_id',
    'sealed_card',
    'password_hash',
    'mfa_enabled',
    'is_builtin',
    'authority_version',
    'erased_at',
    'legal_hold',
  ]
  const rows = matrix.filter(({ operation }) => /^(POST|PUT|PATCH|DELETE) /.test(operation))

  it('are refused one by one in every body, and change nothing', async (t) => {
    const had = await world.fingerprint()
    const wrong: string[] = []
    let tried = 0
    for (const row of rows) {
      const route = world.routes.get(row.operation)
      const { body, accepts = 'json', example } = route?.operation ?? {}
      // RFC 6749 has parameters of the OAuth form that are not known ignored.
      if (!route || !body || !['json', 'merge_patch'].includes(accepts)) continue
      const actor = row.expect.admin === 'ok' ? 'admin' : actors.find((one) => row.expect[one] === 'ok')
      if (!actor) continue
      const person = await world.personOf(actor, subject)
      const asked = row.ask?.(subject, person) ?? {}
      const valid = (asked.body ?? example ?? {}) as Record<string, unknown>
      const described = JSON.stringify(z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }))
      for (const name of privileged.filter((member) => !described.includes(`"${member}"`))) {
        const reply = await call(world, route, subject, person, {
          ...asked,
          body: { ...valid, [name]: 'admin' },
        })
        tried += 1
        const named =
          (JSON.parse(reply.text || '{}') as { errors?: { path: string }[] }).errors?.map(({ path }) => path) ?? []
        if (reply.status !== 422 || !named.includes(`/body/${name}`))
          wrong.push(`${row.operation} with ${name}: ${reply.status} ${named.join()}`)
      }
      for (const name of ['__proto__', 'constructor', 'prototype']) {
        const raw = JSON.stringify(valid).replace(
          /^\{/,
          `{"${name}":{"role":"admin"}${Object.keys(valid).length > 0 ? ',' : ''}`,
        )
        const reply = await call(world, route, subject, person, { ...asked, raw })
        tried += 1
        if (reply.status !== 400) wrong.push(`${row.operation} with ${name}: ${reply.status}`)
      }
    }
    t.diagnostic(`${tried} bodies with a member too many`)
    assert.ok(tried > 0)
    assert.deepEqual(wrong, [])
    assert.deepEqual(await world.fingerprint(), had)
  })
})

describe('AZ-07 tricks with an address', () => {
  const ask = (method: string, url: string, headers: Record<string, string> = {}) =>
    world.api.app.http.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${subject.own.token}`, ...headers },
    })

  it('open nothing that the address itself does not', async () => {
    const had = await world.fingerprint()
    const patient = `/api/v1/patients/${world.foreign.ids['patient_id']}`
    const attacks: [string, string, Record<string, string>?][] = [
      ['GET', `/API/V1/patients/${subject.ids['patient_id']}`],
      ['GET', '/api/v1/Audit-Logs/verify'],
      ['GET', '/api/v1//audit-logs/verify'],
      ['GET', '//api/v1/audit-logs/verify'],
      ['GET', '/api/v1/audit-logs%2fverify'],
      ['GET', '/api/v1/audit-logs/verify%2f..'],
      ['GET', '/api/v1/audit-logs/verify/'],
      ['GET', '/api/v1/audit-logs/verify.'],
      ['GET', '/api/v1/audit-logs/verify%00'],
      ['GET', '/api/v1/audit-logs/verify;x=1'],
      ['GET', '/api/v1/auth/me/../../audit-logs/verify'],
      ['GET', '/api/v1/auth/me/%2e%2e/%2e%2e/audit-logs/verify'],
      ['GET', '/api/v1/audit-logs/verify.json'],
      ['GET', '/api/v1/%61udit-logs/verify'],
      ['GET', '/api/v1/audit-logs\\verify'],
      ['GET', '/api/v2/audit-logs/verify'],
      ['GET', '/audit-logs/verify'],
      ['POST', patient, { 'x-http-method-override': 'DELETE' }],
      ['POST', patient, { 'x-http-method': 'PUT' }],
      ['POST', patient, { 'x-method-override': 'PATCH' }],
      ['POST', `${patient}?_method=DELETE`],
      ['GET', `${patient}?_method=DELETE`],
      ['GET', patient, { 'x-original-url': `/api/v1/patients/${subject.ids['patient_id']}` }],
      ['GET', patient, { 'x-rewrite-url': '/api/v1/auth/me' }],
      ['GET', patient, { 'x-user-id': world.maker.user_id }],
      ['GET', patient, { 'x-role': 'admin' }],
      ['GET', `${patient}?role=admin`],
      ['GET', `${patient}?patient_id=${subject.ids['patient_id']}`],
      ['GET', `${patient}.json`],
      ['DELETE', patient],
      ['GET', patient.toUpperCase().replace('/API/V1/PATIENTS', '/api/v1/patients')],
      ['GET', `/api/v1/patients/{${world.foreign.ids['patient_id']}}`],
    ]
    const wrong: string[] = []
    for (const [method, url, headers] of attacks) {
      const { statusCode, body } = await ask(method, url, headers)
      if (![400, 403, 404, 405, 422].includes(statusCode)) wrong.push(`${method} ${url}: ${statusCode}`)
      if (body.includes(world.foreign.own.user_id)) wrong.push(`${method} ${url} tells of somebody else`)
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(await world.fingerprint(), had)
  })

  it('sign nobody in whose token stands anywhere but in the header', async () => {
    const { token } = world.maker
    const none = { authorization: '' }
    for (const [url, headers] of [
      [`/api/v1/auth/me?access_token=${token}`, none],
      [`/api/v1/auth/me?token=${token}`, none],
      ['/api/v1/auth/me', { ...none, cookie: `access_token=${token}` }],
      ['/api/v1/auth/me', { authorization: `Basic ${token}` }],
      ['/api/v1/auth/me', { authorization: token }],
      ['/api/v1/auth/me', { authorization: `Bearer ${token}, Bearer ${token}` }],
      ['/api/v1/auth/me', { authorization: `Bearer ${token}x` }],
      ['/api/v1/auth/me', { authorization: `Bearer  ` }],
      ['/api/v1/auth/me', { 'x-authorization': `Bearer ${token}`, ...none }],
    ] as const) {
      const { statusCode } = await ask('GET', url, headers)
      assert.equal(statusCode, 401, `${url.slice(0, 30)} ${Object.keys(headers).join()}`)
    }
  })
})

/** The whole paths of the tree that the router prints: each line is one more piece, as deep as it is indented. */
function pathsOf(tree: string): string[] {
  const pieces: string[] = []
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:│ {3}| {4})*)(?:├── |└── )(\S*)(?: \(([A-Z, ]+)\))?/u.exec(line)
    if (!match) return []
    const depth = (match[1]?.length ?? 0) / 4
    pieces.splice(depth, pieces.length, match[2] ?? '')
    return match[3] ? [pieces.join('')] : []
  })
}
