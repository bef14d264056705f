// Every operation as it is described: a real answer follows its schema, each general refusal is provoked, and no status is a surprise.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import { takesIdempotencyKey } from '#platform/contract/operation.ts'
import type { Route } from '#platform/http/mount.ts'
import { startTestApi } from '../../server/testing.ts'
import { call } from '../authorization/call.ts'
import { matrix } from '../authorization/matrix.ts'
import type { Asked, Row } from '../authorization/row.ts'
import { actors, isRead, nameOf, startWorld, type Subject, type World } from '../authorization/world.ts'
import { assertProblem } from '../hostile/problem.ts'
import type { ApiDocument } from './document.ts'
import { fieldsOf } from './mutation.ts'

let world: World
/** For what changes nothing; else each has one of its own. */
let shared: Subject
let document: ApiDocument
before(async () => {
  world = await startWorld()
  shared = await world.subject()
  document = (await world.api.app.http.inject({ method: 'GET', url: '/openapi.json' })).json() as ApiDocument
})
after(() => world[Symbol.asyncDispose]())

const routes: readonly Route[] = await (async () => {
  await using api = await startTestApi()
  return api.app.routes
})()
const rowOf = (route: Route): Row | undefined => matrix.find(({ operation }) => operation === nameOf(route))
const describedAs = ({ operation }: Route) => {
  const described = document.paths[operation.path]?.[operation.method.toLowerCase()]
  assert.ok(described)
  return described
}

/** OAuth has what it does not know ignored: whatever a provider adds. */
const takesAnyQuery = ['GET /api/v1/auth/oidc/callback', 'GET /api/v1/auth/oidc/console']

/** Asks and checks that the document tells of the answer's status, and of its problem where it is one. */
async function ask(route: Route, subject: Subject, person: Parameters<typeof call>[3], asked: Asked = {}) {
  const reply = await call(world, route, subject, person, asked)
  const told = describedAs(route).responses[reply.status]
  assert.ok(told, `${reply.status} is not described: ${reply.text.slice(0, 300)}`)
  if (reply.status >= 400 && route.operation.accepts !== 'form') {
    const { code } = assertProblem({ ...reply, statusCode: reply.status, body: reply.text }, reply.status)
    const codes = Object.keys(told.content?.['application/problem+json']?.examples ?? {})
    assert.ok(codes.includes(code), `${reply.status} ${code} is not described, only ${codes.join()}`)
  }
  return reply
}

describe('a record that is read with its version', () => {
  it('is replaced, changed and deleted in no other one', () => {
    const read = routes.filter(({ operation: { method, versioned } }) => method === 'GET' && versioned)
    const paths = new Set(read.map(({ operation }) => operation.path))
    const changes = routes.filter(
      ({ operation: { method, path } }) => ['PUT', 'PATCH', 'DELETE'].includes(method) && paths.has(path),
    )
    assert.deepEqual(changes.filter(({ operation }) => !operation.versioned).map(nameOf), [])
    assert.ok(changes.length > 20)
  })
})

for (const route of routes) {
  const { operation } = route
  describe(`${nameOf(route)}, as described`, () => {
    const row = rowOf(route)
    const allowed = actors.filter((actor) => row?.expect[actor] === 'ok')

    if (row && row.never_succeeds === undefined) {
      it('answers as its schema says', async () => {
        let success: Awaited<ReturnType<typeof ask>> | undefined
        for (const actor of allowed.includes('admin') ? (['admin', ...allowed] as const) : allowed) {
          const subject = isRead(route) && !row.prepare ? shared : await world.subject()
          await row.prepare?.(subject, world)
          const person = await world.personOf(actor, subject)
          const reply = await ask(route, subject, person, row.ask?.(subject, person))
          if (reply.status === operation.returns[0]) {
            success = reply
            break
          }
        }
        assert.ok(success, 'nobody got a success')
        const [, schema] = operation.returns
        if (schema === null) {
          assert.equal(success.text, '')
          return
        }
        if (operation.sends && operation.sends !== 'json') return
        assert.match(success.headers['content-type'] ?? '', /^application\/json; charset=utf-8$/)
        const answer: unknown = JSON.parse(success.text)
        const published =
          describedAs(route).responses[operation.returns[0]]?.content?.['application/json']?.schema ?? {}
        for (const [name, judge] of [
          ['contract', schema],
          ['document', z.fromJSONSchema(published)],
        ] as const) {
          const result = judge.safeParse(answer)
          assert.ok(result.success, `the ${name} says: ${result.error?.message}`)
        }
        if (operation.versioned) assert.match(success.headers['etag'] ?? '', /^"v\d+"$/)
      })
    }

    if (operation.method !== 'GET' && row && row.never_succeeds === undefined) {
      it('takes or refuses another version as described', async () => {
        const subject = await world.subject()
        await row.prepare?.(subject, world)
        const person = await world.personOf(allowed.includes('admin') ? 'admin' : (allowed[0] ?? 'admin'), subject)
        const asked = row.ask?.(subject, person) ?? {}
        await ask(route, subject, person, { ...asked, headers: { ...asked.headers, 'if-match': '"v999999"' } })
      })
    }

    const named = fieldsOf(operation.query, {}).filter((name) => name.endsWith('_id'))
    if (operation.method === 'GET' && named.length > 0 && row && row.never_succeeds === undefined) {
      it('answers a question about a record that is not there as described', async () => {
        const person = await world.personOf(allowed.includes('admin') ? 'admin' : (allowed[0] ?? 'admin'), shared)
        const asked = row.ask?.(shared, person) ?? {}
        for (const name of named)
          await ask(route, shared, person, { ...asked, query: { ...asked.query, [name]: randomUUID() } })
      })
    }

    it('refuses as described: strangers, the rightless, what is not there, and what is not well-formed', async () => {
      const subject = row?.prepare ? await world.subject() : shared
      await row?.prepare?.(subject, world)
      const { maker } = world
      const nobody = await world.personOf('nobody', subject)
      const person = await world.personOf(allowed.includes('admin') ? 'admin' : (allowed[0] ?? 'admin'), subject)
      const asked = row?.ask?.(subject, person) ?? {}
      if (operation.access !== 'public') {
        assert.equal((await ask(route, subject, undefined, asked)).status, 401)
        assert.equal((await ask(route, subject, { ...maker, token: 'not.a.token' }, asked)).status, 401)
      }
      if (operation.access.includes(':')) assert.equal((await ask(route, subject, nobody, asked)).status, 403)
      const ids = [...operation.path.matchAll(/\{(\w+_id)\}/g)].map(([, name = '']) => name)
      if (ids.length > 0) {
        const missing = Object.fromEntries(ids.map((name) => [name, crypto.randomUUID()]))
        assert.equal(
          (await ask(route, subject, person, { ...asked, params: { ...asked.params, ...missing } })).status,
          404,
        )
        const broken = Object.fromEntries(ids.map((name) => [name, 'not-an-id']))
        assert.equal(
          (await ask(route, subject, person, { ...asked, params: { ...asked.params, ...broken } })).status,
          422,
        )
      }
      if (!takesAnyQuery.includes(nameOf(route))) {
        const strange = { ...asked, query: { ...asked.query, no_such_parameter: '1' } }
        assert.equal((await ask(route, subject, person, strange)).status, operation.accepts === 'form' ? 400 : 422)
      }
      if (operation.body && (operation.accepts ?? 'json') === 'json') {
        assert.equal((await ask(route, subject, person, { ...asked, raw: '{"' })).status, 400)
        assert.equal(
          (await ask(route, subject, person, { ...asked, raw: '<x/>', headers: { 'content-type': 'text/xml' } }))
            .status,
          415,
        )
        assert.equal((await ask(route, subject, person, { ...asked, raw: '[]' })).status, 422)
        assert.equal(
          (
            await ask(route, subject, person, {
              ...asked,
              raw: `"${'x'.repeat(operation.body_limit_bytes ?? 1_048_576)}"`,
            })
          ).status,
          413,
        )
      }
      if (operation.versioned && ids.length > 0 && operation.method !== 'GET' && operation.method !== 'POST') {
        const { status } = await ask(route, subject, person, {
          ...asked,
          headers: { ...asked.headers, 'if-match': '"v999999"' },
        })
        // What can never be changed says so, whichever version it is asked with.
        assert.ok(status === 412 || (row?.never_succeeds && status === 409), `a stale version is told ${status}`)
        assert.equal(
          (await ask(route, subject, person, { ...asked, headers: { ...asked.headers, 'if-match': 'three' } })).status,
          400,
        )
      }
      if (takesIdempotencyKey(operation)) {
        assert.equal(
          (
            await ask(route, subject, person, {
              ...asked,
              headers: { ...asked.headers, 'idempotency-key': 'x'.repeat(300) },
            })
          ).status,
          400,
        )
      }
    })
  })
}
