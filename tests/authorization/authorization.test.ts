// Every operation, asked by everyone, against the matrix: in both directions, with the traces that it leaves.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Route } from '#platform/http/mount.ts'
import { startTestApi } from '../../server/testing.ts'
import { sql } from '#platform/database/sql.ts'
import { call, type Reply } from './call.ts'
import { matrix } from './matrix.ts'
import type { Row } from './row.ts'
import { faultsOfEvents, type Told } from './told.ts'
import { type Actor, actors, isRead, nameOf, startWorld, type Subject, type World } from './world.ts'

let world: World
let shared: Subject
before(async () => {
  world = await startWorld()
  shared = await world.subject()
})
after(() => world[Symbol.asyncDispose]())

// The operations are asked for once before the tests are made: each becomes a test of its own.
const operations = await (async () => {
  await using api = await startTestApi()
  return new Map(api.app.routes.map((route) => [nameOf(route), route]))
})()

const routeOf = (row: Row): Route => {
  const route = operations.get(row.operation)
  assert.ok(route, `${row.operation} is not an operation`)
  return route
}
const verdictsOf = (row: Row, wanted: (verdict: Row['expect'][Actor]) => boolean) =>
  actors.filter((actor) => wanted(row.expect[actor]))

describe('the matrix', () => {
  it('has a row for every operation, and no other', (t) => {
    t.diagnostic(`${operations.size} operations × ${actors.length} kinds of people`)
    assert.ok(operations.size > 0)
    assert.deepEqual(
      [...operations.keys()].filter((name) => !matrix.some(({ operation }) => operation === name)),
      [],
      'operations without a row',
    )
    assert.deepEqual(
      matrix.map(({ operation }) => operation).filter((name) => !operations.has(name)),
      [],
      'rows without an operation',
    )
  })

  it('describes each row of an operation apart', () => {
    const names = matrix.map(({ operation, when }) => `${operation} ${when ?? ''}`)
    assert.equal(new Set(names).size, names.length)
  })
})

for (const row of matrix.filter(({ operation }) => operations.has(operation))) {
  describe(`${row.operation}${row.when ? ` (${row.when})` : ''}`, () => {
    const denied = verdictsOf(row, (verdict) => verdict !== 'ok')
    const allowed = verdictsOf(row, (verdict) => verdict === 'ok')

    if (denied.length > 0) {
      it(`refuses ${denied.map((actor) => `${actor} ${row.expect[actor]}`).join(', ')}`, async () => {
        const route = routeOf(row)
        const before_all = await world.fingerprint()
        const wrong: string[] = []
        for (const actor of denied) {
          const person = await world.personOf(actor, shared)
          const asked = row.ask?.(shared, person) ?? {}
          const reply = await call(world, route, shared, person, asked)
          const expected = row.expect[actor]
          wrong.push(...faultsOfRefusal(route, actor, expected, reply, person?.user_id))
          if (expected === 404) wrong.push(...(await faultsOfHiding(route, actor, reply, asked)))
          if (route.operation.method === 'GET') {
            const head = await call(world, route, shared, person, asked, 'HEAD')
            if (head.status !== expected || head.text !== '') wrong.push(`${actor}: HEAD answers ${head.status}`)
          }
        }
        assert.deepEqual(wrong, [])
        assert.deepEqual(await world.fingerprint(), before_all, 'a refused request changed something')
      })
    }

    if (allowed.length > 0) {
      it(`lets in ${allowed.join(', ')}`, async () => {
        const route = routeOf(row)
        const wrong: string[] = []
        const refusals: string[] = []
        for (const actor of allowed) {
          const subject = isRead(route) && !row.prepare ? shared : await world.subject()
          const person = await world.personOf(actor, subject)
          await row.prepare?.(subject, world)
          const reply = await call(world, route, subject, person, row.ask?.(subject, person) ?? {})
          if (reply.status >= 300) refusals.push(`${actor} ${reply.status} ${reply.text.slice(0, 300)}`)
          wrong.push(...faultsOfSuccess(row, route, actor, reply, subject))
        }
        assert.deepEqual(wrong, [])
        assert.equal(
          refusals.length < allowed.length,
          row.never_succeeds === undefined,
          `somebody gets a success: ${refusals.join('\n')}`,
        )
      })
    }

    const ids = [...row.operation.matchAll(/\{(\w+_id)\}/g)].map(([, name = '']) => name)
    if (ids.length > 1) {
      it('takes no inner id of another parent', async () => {
        const route = routeOf(row)
        const inner = ids.at(-1) ?? ''
        const foreign = { [inner]: world.foreign.ids[inner] ?? '' }
        const had = await world.fingerprint()
        for (const actor of ['admin', 'own'] as const) {
          const person = await world.personOf(actor, shared)
          const asked = row.ask?.(shared, person) ?? {}
          const reply = await call(world, route, shared, person, { ...asked, params: { ...asked.params, ...foreign } })
          const expected = row.expect[actor] === 403 ? 403 : 404
          assert.equal(reply.status, expected, reply.text)
        }
        assert.deepEqual(await world.fingerprint(), had)
      })
    }
  })
}

describe('the events that all of this has told', () => {
  it('are of the subjects, and hold the members, that the list of events says', async (t) => {
    const told = await world.api.rows(sql<Told>`
      select type, array_agg(distinct subject_type) as subject_types, jsonb_agg(distinct members) as payloads
        from (select type, subject_type,
                     (select coalesce(jsonb_agg(name order by name), '[]') from jsonb_object_keys(payload) as name) as members
                from events where type not like 'test.%') as events
       group by type order by type`)
    t.diagnostic(`${told.length} types of events`)
    assert.ok(told.length > 40, told.map(({ type }) => type).join(' '))
    assert.deepEqual(faultsOfEvents(told), [])
  })
})

function faultsOfRefusal(
  { operation }: Route,
  actor: Actor,
  expected: unknown,
  reply: Reply,
  user_id: string | undefined,
): string[] {
  const faults: string[] = []
  if (reply.status !== expected)
    faults.push(`${actor}: ${reply.status} instead of ${String(expected)}: ${reply.text.slice(0, 200)}`)
  else if (!reply.headers['content-type']?.startsWith('application/problem+json'))
    faults.push(`${actor}: no problem document`)
  if (reply.headers['etag'] || reply.headers['location']) faults.push(`${actor}: a refusal with an ETag or Location`)
  const recorded = reply.status === 403 || (reply.status === 404 && operation.audit !== 'none')
  const entries = reply.entries.map(({ outcome }) => outcome).join()
  if (entries !== (recorded ? 'denied' : ''))
    faults.push(`${actor}: the audit log has [${entries}] for a ${reply.status}`)
  if (recorded && reply.entries[0]?.user_id !== (operation.access === 'public' ? null : user_id))
    faults.push(`${actor}: the denial names another user`)
  return faults
}

/** What exists and is not theirs to know answers as what does not exist: status, headers and bytes, but for the ids asked for. */
async function faultsOfHiding(
  route: Route,
  actor: Actor,
  hidden: Reply,
  asked: Parameters<typeof call>[4],
): Promise<string[]> {
  const names = [...route.operation.path.matchAll(/\{(\w+_id)\}/g)].map(([, name = '']) => name)
  const params = Object.fromEntries(names.map((name) => [name, crypto.randomUUID()]))
  const missing = await call(world, route, shared, await world.personOf(actor, shared), {
    ...asked,
    params: { ...asked?.params, ...params },
  })
  const seen = ({ status, headers, text, url }: Reply) => {
    const { date: _, 'x-correlation-id': id = '', 'content-length': __, ...rest } = headers
    return JSON.stringify({ status, rest, text: text.replaceAll(id, '').replaceAll(url.split('?', 1)[0] ?? '', '') })
  }
  return seen(hidden) === seen(missing)
    ? []
    : [`${actor}: told apart from what does not exist: ${seen(hidden)} / ${seen(missing)}`]
}

function faultsOfSuccess(row: Row, { operation }: Route, actor: Actor, reply: Reply, subject: Subject): string[] {
  const accepted = [operation.returns[0], 409, 410, 412, 422, ...(row.also ?? [])]
  if (!accepted.includes(reply.status)) return [`${actor}: ${reply.status}: ${reply.text.slice(0, 300)}`]
  const success = reply.status === operation.returns[0]
  const { audit } = operation
  // What is listed, counted or exported obeys the same scope as what is opened (AZ-09).
  const away = ['other', 'away_doctor', 'away_nurse', 'nobody', 'anonymous'].includes(actor)
  if (isRead({ operation }) && away && !row.finds && reply.text.includes(subject.ids['patient_id'] ?? '')) {
    return [`${actor}: the answer names a patient out of reach`]
  }
  const own = reply.entries.filter(({ outcome }) => outcome === 'success')
  const expected = row.entries ?? 1
  if (!success || audit === 'none' || typeof expected !== 'number') {
    return own.length > 0 && !success ? [`${actor}: a success is recorded for a ${reply.status}`] : []
  }
  const faults: string[] = []
  if (own.length !== expected)
    faults.push(`${actor}: ${own.length} entries instead of ${expected}: ${own.map(({ action }) => action).join()}`)
  const named = own.find(({ action }) => action === audit.action)
  if (!named && expected > 0) faults.push(`${actor}: no entry for ${audit.action}`)
  else if (
    /\{(patient|appointment|contact|insurance)_id\}/.test(operation.path) &&
    named?.patient_id !== subject.ids['patient_id']
  )
    faults.push(`${actor}: the entry names no or another patient`)
  return faults
}
