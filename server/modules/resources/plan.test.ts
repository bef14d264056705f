// Under row-level security only some conditions may begin with an index: whoever takes a room must not read its reservations of all years.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { planOf } from '../../plan.testing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { endHolds } from './reservation.store.ts'
import { makeResource } from './ward.testing.ts'

describe('what is asked of reservations all day', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('looks for ended holds among holds alone', async () => {
    const room = await makeResource(await api.person('admin'), { type: 'room' })
    await api.rows(sql`
      insert into resource_reservations (resource_id, during, created_at)
      select ${room.id}, tstzrange(day, day + interval '1 hour'), day
        from generate_series(now() - interval '5000 hours', now() - interval '1 hour', interval '1 hour') as day`)
    await api.rows(sql`analyze resource_reservations`)
    const plan = await planOf(api, 'find', endHolds(room.id, '2030-03-04T09:00:00Z', '2030-03-04T10:00:00Z'))
    assert.match(
      plan,
      /Index Scan using resource_reservations_held .*\n\s+Index Cond: .*resource_id = .* AND \(held_until <= now\(\)\)/,
    )
  })
})
