import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startForeignTransaction } from '#platform/audit/testing.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { type FollowedEvent, followEvents } from './follower.ts'

let api: TestApi
before(async () => void (api = await startTestApi()))
after(() => api[Symbol.asyncDispose]())

const subject_id = '0198c0de-0000-7000-8000-000000000001'
const event = (type: string) => ({ type, subject_type: 'test', subject_id })

/** What follows from now on; `next` waits for so many more events. */
async function follow(types: string[], told: (event: FollowedEvent) => string = ({ type }) => type) {
  const seen: string[] = []
  let wake = () => {}
  const follower = await followEvents({
    pool: api.system.pool,
    name: 'a test',
    types,
    onEvents: async (events: readonly FollowedEvent[]) => {
      seen.push(...events.map(told))
      wake()
    },
    log: api.system.log,
    every_ms: 5,
  })
  return {
    async next(count: number) {
      while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve))
      return seen.splice(0)
    },
    [Symbol.asyncDispose]: () => follower.stop(),
  }
}

describe('following events', () => {
  it('waits for no transaction of another database of the cluster', { timeout: 30_000 }, async () => {
    await using _foreign = await startForeignTransaction()
    await using follower = await follow(['test.one'])
    await api.database.once(async (tx) => tx.emit(event('test.one')))
    assert.deepEqual(await follower.next(1), ['test.one'])
  })

  it('passes by none that commits later than one that came after it', { timeout: 30_000 }, async () => {
    await using follower = await follow(['test.late', 'test.early'])
    await api.database.transaction(async (tx) => {
      tx.emit(event('test.late'))
      await tx.run(sql`select pg_current_xact_id()`)
      await api.database.once(async (other) => other.emit(event('test.early')))
    })
    assert.deepEqual(await follower.next(2), ['test.late', 'test.early'])
  })

  it('tells each of more than a page once and in order', { timeout: 30_000 }, async () => {
    await using follower = await follow(['test.many', 'test.last'], ({ type, payload }) =>
      type === 'test.many' ? String(payload['number']) : type,
    )
    await api.rows(sql`
      insert into events (type, subject_type, subject_id, payload)
      select 'test.many', 'test', ${subject_id}, jsonb_build_object('number', number) from generate_series(1, 2001) as number`)
    await api.database.once(async (tx) => tx.emit(event('test.last')))
    const numbers = Array.from({ length: 2001 }, (_, index) => String(index + 1))
    assert.deepEqual(await follower.next(2002), [...numbers, 'test.last'])
  })

  it('tells a page again that was not taken', { timeout: 30_000 }, async () => {
    let refusals = 2
    await using follower = await follow(['test.refused'], ({ type }) => {
      if ((refusals -= 1) >= 0) throw new Error('not now')
      return type
    })
    await api.database.once(async (tx) => tx.emit(event('test.refused')))
    assert.deepEqual(await follower.next(1), ['test.refused'])
    assert.equal(refusals, -1)
  })
})
