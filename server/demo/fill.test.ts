import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../testing.ts'
import { type Demo, DemoRefused, fillHospital } from './fill.ts'

describe('the demonstration', () => {
  let api: TestApi
  let demo: Demo
  before(async () => {
    api = await startTestApi({ timezone: 'America/New_York' })
    demo = await fillHospital(api.system, 300)
  })
  after(() => api[Symbol.asyncDispose]())
  const count = async (statement: ReturnType<typeof sql<{ count: number }>>) => (await api.rows(statement))[0]?.count

  it('has 20 doctors, 80 beds and twelve weeks of appointments', () => {
    assert.deepEqual([demo.patients, demo.doctors, demo.beds], [300, 20, 80])
    assert.ok(demo.appointments > 3000, String(demo.appointments))
    assert.ok(demo.stays >= 80, String(demo.stays))
  })

  it('invites a colleague of each role', () => {
    assert.equal(demo.invitations.length, 23)
    for (const { link } of demo.invitations) assert.match(link, /\/invitation#owi_/)
  })

  it('has something in every state, and the past is over', async () => {
    const rows = await api.rows(
      sql<{
        status: string
        is_past: boolean
      }>`select distinct status, upper(during) < now() as is_past from appointments`,
    )
    const states = (is_past: boolean) => rows.filter((row) => row.is_past === is_past).map(({ status }) => status)
    assert.deepEqual(states(true).toSorted(), ['cancelled', 'completed', 'no_show'])
    for (const status of ['booked', 'confirmed', 'cancelled']) assert.ok(states(false).includes(status), status)
  })

  it('books within the hours of its doctors', async () => {
    const outside = await count(sql<{ count: number }>`
      select count(*)::int as count from appointments a join doctors d on d.id = a.doctor_id
       where not exists (select from schedule_blocks b where b.doctor_id = d.id
                          and b.weekday = extract(isodow from lower(a.during) at time zone d.timezone)
                          and (lower(a.during) at time zone d.timezone)::time >= b.start_time
                          and (upper(a.during) at time zone d.timezone)::time <= b.end_time)`)
    assert.equal(outside, 0)
  })

  it('leaves some beds free, and nobody in two', async () => {
    const taken = await count(
      sql<{ count: number }>`select count(*)::int as count from resource_assignments where released_at is null`,
    )
    assert.ok(taken !== undefined && taken > 0 && taken < 80, String(taken))
  })

  it('is made once', async () => {
    await assert.rejects(fillHospital(api.system, 300), DemoRefused)
  })

  it('has no place in a hospital in production', async () => {
    const production = { ...api.system, configuration: { ...api.configuration, production: true } }
    await assert.rejects(fillHospital(production, 300), DemoRefused)
  })
})
