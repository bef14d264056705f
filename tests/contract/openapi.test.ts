// The OpenAPI document: whole, sound, and the same as what is served.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startTestApi, type TestApi } from '../../server/testing.ts'
import type { ApiDocument, DescribedOperation } from './document.ts'

let api: TestApi
let document: ApiDocument
let described: [name: string, DescribedOperation][]
before(async () => {
  api = await startTestApi()
  document = (await api.app.http.inject({ method: 'GET', url: '/openapi.json' })).json() as ApiDocument
  described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, DescribedOperation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
})
after(() => api[Symbol.asyncDispose]())

const faultsOf = (judge: (operation: DescribedOperation, name: string) => unknown) =>
  described.filter(([name, operation]) => judge(operation, name)).map(([name]) => name)

describe('the OpenAPI document', () => {
  it('is of version 3.1, with a title, a version, servers and a way to sign in', () => {
    assert.equal(document.openapi, '3.1.0')
    assert.ok(document.info.title && document.info.version && document.servers.length > 0)
    assert.equal(document.components.securitySchemes['bearer']?.scheme, 'bearer')
  })

  it('lets no character into an address or a query at which the database would fail', async (t) => {
    const admin = await api.person('admin')
    const faults: string[] = []
    let asked = 0
    for (const [name, { parameters = [] }] of described) {
      const [method = '', path = ''] = name.split(' ')
      const texts = parameters.filter(({ in: place }) => place === 'path' || (place === 'query' && method === 'GET'))
      for (const { name: member, in: place } of texts) {
        const address = path.replaceAll(/\{(\w+)\}/g, (_, one: string) => (one === member ? 'a%00' : randomUUID()))
        const url = place === 'query' ? `${address}?${member}=a%00` : address
        const { status } = await admin.send({ method: method as 'GET', url, headers: {} })
        if (status < 300 || status >= 500) faults.push(`${name} ${member}: ${status}`)
        asked += 1
      }
    }
    t.diagnostic(`${asked} members of addresses and queries`)
    assert.ok(asked > 300)
    assert.deepEqual(faults, [])
  })

  it('describes every operation that is served, and serves every one that it describes', (t) => {
    const served = api.app.routes.map(({ operation }) => `${operation.method} ${operation.path}`)
    t.diagnostic(`${served.length} operations`)
    assert.ok(served.length > 0)
    assert.deepEqual(described.map(([name]) => name).sort(), served.sort())
    for (const [name] of described) {
      const [method = '', path = ''] = name.split(' ')
      assert.ok(api.app.http.hasRoute({ method: method as 'GET', url: path.replaceAll(/\{(\w+)\}/g, ':$1') }), name)
    }
  })

  it('gives each operation one id, a summary and a tag', () => {
    const ids = described.map(([, { operationId }]) => operationId)
    assert.equal(new Set(ids).size, ids.length)
    assert.deepEqual(
      faultsOf(({ operationId, summary, tags }) => !/^[\w-]+$/.test(operationId) || !summary || tags.length === 0),
      [],
    )
    const tags = new Set(document.tags.map(({ name }) => name))
    assert.deepEqual(
      faultsOf((operation) => operation.tags.some((tag) => !tags.has(tag))),
      [],
    )
  })

  it('declares every parameter of every path, once', () => {
    const faults = faultsOf(({ parameters }, name) => {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => parameter).sort()
      const declared = parameters.filter((parameter) => parameter.in === 'path')
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
      return (
        JSON.stringify(declared.map((parameter) => parameter.name).sort()) !== JSON.stringify(inPath) ||
        declared.some(({ required }) => !required) ||
        new Set(keys).size !== keys.length
      )
    })
    assert.deepEqual(faults, [])
    assert.deepEqual(
      faultsOf(({ parameters }) => parameters.some(({ schema }) => typeof schema !== 'object')),
      [],
    )
  })

  it('tells every status with what it means: one success, and each problem with an example', () => {
    const faults = faultsOf(({ responses }) => {
      const statuses = Object.keys(responses).map(Number)
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400)
      const told = refusals.every(([status, { description, content }]) => {
        const examples = Object.entries(content?.['application/problem+json']?.examples ?? {})
        return (
          description &&
          examples.length > 0 &&
          examples.every(
            ([code, { value }]) =>
              value.status === Number(status) && value.code === code && value.type === `/problems/${code}`,
          )
        )
      })
      return (
        statuses.filter((status) => status < 400 && status !== 202).length > 1 ||
        statuses.every((status) => status >= 400) ||
        refusals.length === 0 ||
        !told
      )
    })
    assert.deepEqual(faults, [])
  })

  it('asks for a token wherever one is needed, and tells 401 and 403 there', () => {
    const operations = new Map(
      api.app.routes.map(({ operation }) => [`${operation.method} ${operation.path}`, operation]),
    )
    const faults = faultsOf(({ security, responses }, name) => {
      const { access = '', knows_session = false } = operations.get(name) ?? {}
      const isOptional = JSON.stringify(security) === '[{},{"bearer":[]}]'
      return (
        (access === 'public' && !knows_session) !== (security.length === 0) ||
        knows_session !== isOptional ||
        (access !== 'public' && !responses['401']) ||
        (access.includes(':') && !responses['403'])
      )
    })
    assert.deepEqual(faults, [])
  })

  it('shows an example of every JSON body that a write takes', () => {
    const faults = faultsOf(({ requestBody }) =>
      Object.entries(requestBody?.content ?? {}).some(
        ([type, { example }]) => type.endsWith('json') && example === undefined,
      ),
    )
    assert.deepEqual(faults, [])
  })

  it('refers to nothing that it does not hold', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref)
    assert.ok(refs.length > 0)
    const find = (ref: string) =>
      ref
        .slice(2)
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document)
    assert.deepEqual(
      refs.filter((ref) => !ref.startsWith('#/') || find(ref) === undefined),
      [],
    )
  })

  it('is the same at both of its addresses', async () => {
    const other = await api.app.http.inject({ method: 'GET', url: '/api/v1/openapi.json' })
    assert.deepEqual(other.json(), document)
  })

  it('is rendered at /docs', async () => {
    const page = await api.app.http.inject({ method: 'GET', url: '/docs/' })
    assert.equal(page.statusCode, 200)
    assert.match(String(page.headers['content-type']), /text\/html/)
  })
})
