// Wrong requests made from the contracts: whatever comes, no failure of ours, every refusal located, nothing stored by half.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Route } from '#platform/http/mount.ts'
import { type Person, startTestApi } from '../../server/testing.ts'
import { call, type Reply } from '../authorization/call.ts'
import { matrix } from '../authorization/matrix.ts'
import type { Asked } from '../authorization/row.ts'
import { actors, isRead, nameOf, startWorld, type Subject, type World } from '../authorization/world.ts'
import { assertProblem } from '../hostile/problem.ts'
import { readJsonTestSuite, readNaughtyStrings } from './material.ts'
import { datesOf, deviation, farDates, fieldsOf, mutated } from './mutation.ts'

/** Per operation; `FUZZ_RUNS=100` takes a quarter of an hour. A failure tells the seed to repeat it with. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 12)

let world: World
/** For what changes nothing. */
let shared: Subject
before(async () => {
  world = await startWorld()
  shared = await world.subject()
})
after(() => world[Symbol.asyncDispose]())

const routes: readonly Route[] = await (async () => {
  await using api = await startTestApi()
  return api.app.routes
})()
const naughty = readNaughtyStrings()
const jsonSuite = readJsonTestSuite()
const rowOf = (route: Route) => matrix.find(({ operation }) => operation === nameOf(route))

/** Somebody who may, with a record to do it to and a request that would be accepted. */
async function permitted(route: Route): Promise<{ subject: Subject; person: Person | undefined; asked: Asked }> {
  const row = rowOf(route)
  const actor = row?.expect.admin === 'ok' ? 'admin' : (actors.find((one) => row?.expect[one] === 'ok') ?? 'admin')
  const subject = isRead(route) ? shared : await world.subject()
  const person = await world.personOf(actor, subject)
  const asked = row?.ask?.(subject, person) ?? {}
  return {
    subject,
    person,
    asked: { ...asked, ...(asked.body === undefined ? { body: route.operation.example } : {}) },
  }
}

/** A case, and the judge of what is asked in it. */
async function begin(route: Route) {
  const made = await permitted(route)
  return { ...made, ...judgeOf({ ...made, route }) }
}

type Case = Awaited<ReturnType<typeof permitted>> & { route: Route }

/** Judges answers: never a failure of ours, a refusal located and without a trace in the database. */
function judgeOf({ route, subject, person }: Case) {
  const { path, method, accepts } = route.operation
  const traceless = method !== 'GET' && !leavesTraces.test(path)
  let session = person
  let had: Record<string, string> | undefined
  let refusals = 0
  /** No refusal since the last look has stored anything. */
  const look = async () => {
    if (had && refusals > 0)
      assert.deepEqual(await world.fingerprint(), had, `one of ${refusals} refused requests was stored by half`)
    refusals = 0
  }
  const judge = async (asked: Asked): Promise<Reply> => {
    if (traceless) had ??= await world.fingerprint()
    if (person && endsSessions.test(path)) session = { ...person, ...(await world.api.signIn(person.user_id)) }
    const reply = await call(world, route, subject, session, asked)
    assert.ok(reply.status < 500, `${reply.status}: ${reply.text}`)
    if (reply.status < 400) {
      had = undefined
      refusals = 0
      return reply
    }
    if (accepts !== 'form') {
      const problem = assertProblem(
        { statusCode: reply.status, headers: reply.headers, body: reply.text },
        reply.status,
      )
      if (problem.code === 'invalid_request')
        assert.ok(problem.errors && problem.errors.length > 0, 'no member is named')
    }
    refusals += 1
    if (refusals >= 10) await look()
    return reply
  }
  return { judge, look }
}
const endsSessions = /^\/api\/v1\/(auth|users)\b/
/** Failed attempts to sign in are counted, so a refusal leaves a trace. */
const leavesTraces = /^\/api\/v1\/auth\//

for (const route of routes) {
  const { operation } = route
  const takesJson = operation.body !== undefined && ['json', 'merge_patch'].includes(operation.accepts ?? 'json')

  describe(`${nameOf(route)}, asked wrongly`, () => {
    if (takesJson) {
      it('survives bodies with members of other types, missing, added, huge or strange', async () => {
        const { asked, judge, look } = await begin(route)
        const fields = fieldsOf(operation.body, asked.body)
        await fc.assert(
          fc.asyncProperty(deviation(fields), async (change) => {
            await judge({ ...asked, body: mutated(asked.body, change) })
          }),
          { numRuns: runs, seed: 20_261_201 },
        )
        await look()
      })

      it('survives any JSON at all', async () => {
        const { asked, judge, look } = await begin(route)
        await fc.assert(
          fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (body) => {
            await judge({ ...asked, body })
          }),
          { numRuns: 10, seed: 20_261_201 },
        )
        await look()
      })

      it('survives naughty strings', { skip: naughty === undefined && 'blns.json is not at hand' }, async (t) => {
        const { asked, judge, look } = await begin(route)
        const fields = fieldsOf(operation.body, asked.body)
        const offset = routes.indexOf(route)
        // Every string meets every sixteenth operation, and each member in turn.
        const strings = (naughty ?? []).filter((_, index) => index % 16 === offset % 16)
        for (const [index, value] of strings.entries()) {
          const field = fields[index % fields.length] ?? 'x'
          await judge({
            ...asked,
            body: mutated(asked.body, { kind: 'replace', field, value }),
          })
        }
        await look()
        t.diagnostic(`${strings.length} strings in ${fields.length} members`)
        assert.ok(strings.length > 15)
      })
    }

    const [days, dates] = [datesOf(operation.query), takesJson ? datesOf(operation.body) : []]
    if (days.length + dates.length > 0) {
      it('survives days and instants at the ends of the calendar', async () => {
        const { asked, judge, look } = await begin(route)
        for (const value of farDates) {
          for (const name of days) await judge({ ...asked, query: { ...asked.query, [name]: value } })
          for (const field of dates)
            await judge({ ...asked, body: mutated(asked.body, { kind: 'replace', field, value }) })
        }
        await look()
      })
    }

    const parameters = fieldsOf(operation.query, {})
    const ids = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    it('survives addresses and queries of any kind', async () => {
      const { asked, judge, look } = await begin(route)
      const value = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string(),
        fc.constantFrom(...(naughty ?? ['\0', "' or 1=1 --", '../../etc/passwd'])),
        fc.constantFrom(
          '-1',
          '1e309',
          '9'.repeat(40),
          '2026-02-30',
          '0000-00-00',
          '0000-01-01',
          '9999-12-31',
          '0001-01-01',
          '275760-09-14',
          'x'.repeat(5000),
        ),
      )
      const change = fc.record({
        query: fc.dictionary(fc.constantFrom(...parameters, 'sort', 'x'), value, { maxKeys: 3 }),
        params: ids.length > 0 ? fc.option(fc.record({ name: fc.constantFrom(...ids), value })) : fc.constant(null),
      })
      await fc.assert(
        fc.asyncProperty(change, async ({ query, params }) => {
          await judge({
            ...asked,
            query: { ...asked.query, ...query },
            ...(params ? { params: { ...asked.params, [params.name]: params.value } } : {}),
          })
        }),
        { numRuns: runs, seed: 20_261_201 },
      )
      await look()
    })
  })
}

describe('raw bodies', () => {
  const target = () => {
    const route = routes.find((one) => nameOf(one) === 'POST /api/v1/patients')
    assert.ok(route)
    return route
  }

  it(
    'that are no JSON are refused as malformed, and those that are JSON by the contract',
    { skip: jsonSuite === undefined && 'JSONTestSuite is not at hand' },
    async (t) => {
      const route = target()
      const { person, subject } = await permitted(route)
      const wrong: string[] = []
      const had = await world.fingerprint()
      for (const [name, bytes] of jsonSuite ?? []) {
        const reply = await world.api.app.http.inject({
          method: 'POST',
          url: route.operation.path,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${person?.token}` },
          payload: bytes,
        })
        const { status } = assertProblem(reply, 400, 422)
        // An empty body is a missing one; bytes that are not UTF-8 are read as replacement characters, as the encoding standard has it.
        const lenient = bytes.length === 0 || bytes.toString('utf8').includes('\ufffd')
        if (name.startsWith('n_') && status !== 400 && !lenient) wrong.push(`${name}: ${status}`)
      }
      t.diagnostic(`${jsonSuite?.size} files`)
      assert.ok((jsonSuite?.size ?? 0) > 300)
      assert.deepEqual(wrong, [])
      assert.deepEqual(await world.fingerprint(), had)
      assert.ok(subject)
    },
  )

  it('of any bytes are refused', async () => {
    const route = target()
    const { person } = await permitted(route)
    const had = await world.fingerprint()
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(
          'application/json',
          'application/merge-patch+json',
          'multipart/form-data; boundary=x',
          'application/x-www-form-urlencoded',
          'text/csv',
        ),
        async (bytes, type) => {
          const reply = await world.api.app.http.inject({
            method: 'POST',
            url: route.operation.path,
            headers: { 'content-type': type, authorization: `Bearer ${person?.token}` },
            payload: Buffer.from(bytes),
          })
          assertProblem(reply, 400, 415, 422)
        },
      ),
      { numRuns: 150, seed: 20_261_201 },
    )
    assert.deepEqual(await world.fingerprint(), had)
  })
})
