// SQL in every parameter and every text of every operation (IN-01). It would leave a trace: a sequence that the serving role may
// count up, and that stays where it is.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import type { Route } from '#platform/http/mount.ts'
import { sql } from '#platform/database/sql.ts'
import { call } from '../authorization/call.ts'
import { matrix } from '../authorization/matrix.ts'
import { actors, nameOf, startWorld, type World } from '../authorization/world.ts'

let world: World
before(async () => {
  world = await startWorld()
  await world.api.rows(sql`create sequence injected`)
  await world.api.rows(sql`grant usage, select, update on sequence injected to openward_app`)
})
after(() => world[Symbol.asyncDispose]())

const run = "nextval('injected')"
const attacks = [
  `name;select ${run}`,
  `'; select ${run}; --`,
  `1 or ${run} > 0`,
  `(case when ${run} > 0 then 1 else 2 end)`,
  `$$ || (select ${run}) || $$`,
  `{"$gt": "' || ${run} || '"}`,
]
const traces = async () =>
  (
    await world.api.rows<{ n: number }>(
      sql`select case when is_called then last_value else 0 end::int as n from injected`,
    )
  )[0]?.n

/** The members of an object by name, and whether each takes a text. */
function membersOf(schema: z.ZodType | undefined): { name: string; isText: boolean }[] {
  if (!schema) return []
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { type?: string; anyOf?: { type?: string }[] }>
  }
  return Object.entries(described.properties ?? {}).map(([name, { type, anyOf = [] }]) => {
    return { name, isText: type === 'string' || anyOf.some((one) => one.type === 'string') }
  })
}

describe('IN-01 SQL', () => {
  it('is run by no parameter and no text of any operation', async (t) => {
    const failures: string[] = []
    let asked = 0
    for (const row of matrix) {
      const route: Route | undefined = world.routes.get(row.operation)
      // A second row of an operation has the same places. What ends the session, or never ends, is not asked.
      if (!route || row.when || /\/(logout|logout-all|events)$/.test(row.operation)) continue
      const actor = row.expect.admin === 'ok' ? 'admin' : actors.find((one) => row.expect[one] === 'ok')
      if (!actor) continue
      const subject = await world.subject()
      const person = await world.personOf(actor, subject)
      const given = row.ask?.(subject, person) ?? {}
      const { operation } = route
      const body = (given.body ?? operation.example ?? {}) as Record<string, unknown>
      const places = [
        ...membersOf(operation.query as z.ZodType | undefined).map(({ name }) => (attack: string) => ({
          ...given,
          query: { ...given.query, [name]: attack },
        })),
        ...membersOf(operation.body as z.ZodType | undefined)
          .filter(({ isText }) => isText)
          .map(({ name }) => (attack: string) => ({ ...given, body: { ...body, [name]: attack } })),
        ...[...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => (attack: string) => ({
          ...given,
          params: { ...given.params, [name]: attack },
        })),
      ]
      for (const place of places) {
        for (const attack of attacks) {
          const { status, text } = await call(world, route, subject, person, place(attack))
          asked += 1
          if (status >= 500) failures.push(`${nameOf(route)} with ${attack}: ${status} ${text.slice(0, 200)}`)
        }
      }
    }
    t.diagnostic(`${asked} requests with SQL in one place of each`)
    assert.ok(asked > 2000)
    assert.deepEqual(failures, [])
    assert.equal(await traces(), 0)
  })

  it('would leave a trace where it was run', async () => {
    await world.api.database.once((tx) => tx.rows(sql`select ${sql`nextval('injected')`}`))
    assert.equal(await traces(), 1)
  })
})
