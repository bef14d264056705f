import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi } from '../../testing.ts'
import { createCalendars } from './calendars.ts'

describe('the known calendars', () => {
  it('are read once, again where a fresh one is asked for, and no more are kept than fit', async () => {
    await using api = await startTestApi()
    let reads = 0
    const database: Context['database'] = {
      ...api.database,
      read(statement) {
        reads += 1
        return api.database.read(statement)
      },
    }
    const ctx = { database } as Context
    const doctors = [await api.person('doctor', { doctor: true }), await api.person('doctor', { doctor: true })]
    const [first = '', second = ''] = doctors.map(({ doctor_id }) => doctor_id ?? '')
    const calendars = createCalendars(1)
    assert.equal((await calendars.find(ctx, first))?.id, first)
    assert.equal((await calendars.find(ctx, first))?.id, first)
    assert.equal(reads, 1)
    await api.rows(sql`update doctors set version = 7 where id = ${first}`)
    assert.equal((await calendars.find(ctx, first))?.version, 1)
    assert.equal((await calendars.find(ctx, first, true))?.version, 7)
    assert.equal(reads, 2)
    // The second one takes the place of the first.
    await calendars.find(ctx, second)
    await calendars.find(ctx, first)
    assert.equal(reads, 4)
    assert.equal(await calendars.find(ctx, '0198c0de-0000-7000-8000-000000000001'), undefined)
  })
})
