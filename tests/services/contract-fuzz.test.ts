// Requests made from the contracts, of everybody about everything in any order: no failure of ours, and no answer that its
// operation does not describe.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { problemsOf } from '#platform/contract/openapi.ts'
import type { Route } from '#platform/http/mount.ts'
import { type Person, startTestApi } from '../../server/testing.ts'
import { call } from '../authorization/call.ts'
import { matrix } from '../authorization/matrix.ts'
import type { Asked } from '../authorization/row.ts'
import { type Actor, actors, nameOf, startWorld, type Subject, type World } from '../authorization/world.ts'
import { type Deviation, deviation, fieldsOf, mutated } from '../contract/mutation.ts'

/** `FUZZ_REQUESTS=20000` takes some minutes. */
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 4000)
/** So many records are asked about at a time; what was done to them is left behind after a while. */
const [subjects_count, fresh_every] = [4, 400]

let world: World
before(async () => void (world = await startWorld()))
after(() => world?.[Symbol.asyncDispose]())

const routes: readonly Route[] = await (async () => {
  await using api = await startTestApi()
  return api.app.routes
})()

type Try = {
  /** Its place among those asked, so that a failure is told in a few lines. */
  route: number
  actor: Actor
  at: number
  body: { change: Deviation } | { any: unknown } | undefined
  query: Record<string, string>
  param: { name: string; value: string } | null
  headers: Record<string, string>
}

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.uuid(),
  fc.constantFrom(
    '-1',
    '0',
    '1e309',
    '9'.repeat(40),
    '2026-02-30',
    '9999-12-31',
    '0000-01-01',
    '0001-01-01',
    '\0',
    "' or 1=1 --",
    'true',
  ),
)
/** As a path is read, these lead elsewhere. */
const segment = text.filter((value) => value !== '.' && value !== '..')

function tryOf({ operation }: Route, index: number): fc.Arbitrary<Try> {
  const { body, example, query, path, accepts = 'json' } = operation
  const takesJson = body !== undefined && (accepts === 'json' || accepts === 'merge_patch')
  const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  return fc.record({
    route: fc.constant(index),
    actor: fc.constantFrom(...actors, 'admin' as const, 'admin' as const),
    at: fc.nat(subjects_count - 1),
    body: takesJson
      ? fc.oneof(
          { weight: 3, arbitrary: fc.record({ change: deviation(fieldsOf(body, example)) }) },
          { weight: 1, arbitrary: fc.record({ any: fc.jsonValue({ maxDepth: 3 }) }) },
          { weight: 2, arbitrary: fc.constant(undefined) },
        )
      : fc.constant(undefined),
    query: fc.oneof(
      { weight: 2, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.dictionary(fc.constantFrom(...fieldsOf(query, {}), 'sort', 'x'), text, { maxKeys: 3 }),
      },
    ),
    param:
      ids.length > 0
        ? fc.option(fc.record({ name: fc.constantFrom(...ids), value: segment }), { freq: 4 })
        : fc.constant(null),
    headers: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.dictionary(
          fc.constantFrom('if-match', 'idempotency-key', 'last-event-id'),
          fc.oneof(fc.constantFrom('"v1"', '"v999999"', '*', 'three'), fc.stringMatching(/^[ -~]{1,60}$/)),
          { maxKeys: 2 },
        ),
      },
    ),
  })
}

/** Streams go on until somebody hangs up: they have tests of their own. */
const asked_routes = routes.filter(({ operation }) => operation.sends !== 'event_stream')

test('of thousands of requests made from the contracts none is answered with 5xx, or as no contract says', async (t) => {
  let subjects: Subject[] = []
  /** Of each subject, those who have asked about it: signing in is no part of what is tried. */
  let people = new Map<string, Person | undefined>()
  const tally = new Map<number, number>()
  const met = new Set<Route>()
  const failures: string[] = []
  const undescribed = new Map<string, string>()
  let count = 0

  async function ask({ route: index, actor, at, body, query, param, headers }: Try) {
    if (count % fresh_every === 0) {
      subjects = []
      while (subjects.length < subjects_count) subjects.push(await world.subject())
      people = new Map()
    }
    count += 1
    const [subject, route] = [subjects[at], asked_routes[index]]
    assert.ok(subject && route)
    const key = `${actor} ${at}`
    if (!people.has(key)) people.set(key, await world.personOf(actor, subject))
    const person = people.get(key)
    const row = matrix.find(({ operation }) => operation === nameOf(route))
    const given: Asked = row?.ask?.(subject, person) ?? {}
    const sample = given.body ?? route.operation.example
    const asked: Asked = {
      ...given,
      query: { ...given.query, ...query },
      headers: { ...given.headers, ...headers },
      ...(param ? { params: { ...given.params, [param.name]: param.value } } : {}),
      ...(body === undefined ? {} : { body: 'any' in body ? body.any : mutated(sample, body.change) }),
    }
    const reply = await call(world, route, subject, person, asked)
    // Whoever has signed out, or was signed out, signs in again.
    if (reply.status === 401) people.delete(key)
    tally.set(reply.status, (tally.get(reply.status) ?? 0) + 1)
    met.add(route)
    judge(route, reply)
  }

  function judge({ operation }: Route, { status, text: answer }: { status: number; text: string }) {
    const told = `${operation.method} ${operation.path}: ${status} ${answer.slice(0, 500)}`
    if (status >= 500) return void failures.push(told)
    const [success, schema] = operation.returns
    if (status === success || (operation.waits && status === 202)) {
      if (schema === null || (operation.sends ?? 'json') !== 'json') return
      const result = schema.safeParse(JSON.parse(answer))
      if (!result.success) failures.push(`${told}: ${result.error.message}`)
      return
    }
    if (operation.fails_as === 'oauth') return
    const { code } = JSON.parse(answer) as { code: string }
    const described = problemsOf(operation).some((problem) => problem.status === status && problem.code === code)
    if (!described) undescribed.set(`${operation.method} ${operation.path}: ${status} ${code}`, told)
  }

  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  await fc.assert(fc.asyncProperty(fc.oneof(...asked_routes.map(tryOf)), ask), {
    numRuns: requests,
    seed,
    // What went before is part of the case: a smaller one would begin from another state.
    endOnFailure: true,
  })
  t.diagnostic(`${count} requests of ${met.size} operations: ${JSON.stringify(Object.fromEntries(tally))}`)
  assert.deepEqual(failures, [])
  assert.deepEqual([...undescribed.keys()].toSorted(), [], 'answered, and in no contract')
  assert.ok(count >= requests && met.size === asked_routes.length)
  assert.ok((tally.get(200) ?? 0) + (tally.get(201) ?? 0) > requests / 50, 'hardly anything was accepted')
})
