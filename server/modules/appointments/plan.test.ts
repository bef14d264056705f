// Under row-level security only some conditions may begin with an index: what is asked all day must not read the appointments of all years.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Sql, sql } from '#platform/database/sql.ts'
import { planOf } from '../../plan.testing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { findDueReminders } from '../notifications/notice.store.ts'
import { findAppointments } from './appointment.store.ts'
import { makePatient } from './hospital.testing.ts'
import { findAffected } from './time-off.store.ts'

const day = { starts_from: '2030-03-04T00:00:00Z', starts_before: '2030-03-05T00:00:00Z' }
const doctor_id = '01900000-0000-7000-8000-000000000001'
const page = { skip: 0, limit: 20, after: undefined }
const next = { ...page, after: [day.starts_from, doctor_id] as const }

const asked: [what: string, statement: Sql, begins_with: RegExp][] = [
  ['a day of all doctors', findAppointments(day, page, true), /Index Cond: \(\(starts_at >= .* AND \(starts_at < /],
  ['the page after another', findAppointments({}, next, true), /Index Cond: \(ROW\(starts_at, id\) > ROW/],
  [
    'a day of one doctor',
    findAppointments({ ...day, doctor_id }, page, true),
    /Index Cond: .*starts_at >.* AND .*starts_at < /,
  ],
  [
    'what a time off hits',
    findAffected({ doctor_id, starts_at: day.starts_from, ends_at: day.starts_before }),
    /Index Cond: .*starts_at >.* AND .*starts_at < /,
  ],
  ['reminders that are due', findDueReminders(100), /Index Cond: \(\(starts_at > now\(\)\) AND \(starts_at <= /],
]

describe('what is asked of appointments all day', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  for (const [what, statement, begins_with] of asked) {
    it(`${what}: begins with an index, and so does each key`, async () => {
      const plan = await planOf(api, 'all', statement)
      assert.match(plan, begins_with)
      assert.match(plan, /Index Scan using patient_keys_pkey on patient_keys k .*\n\s+Index Cond: \(id = /)
    })
  }
})

describe('the missed appointments of a patient since they last came', () => {
  it('are counted without reading all of those before', async () => {
    await using api = await startTestApi()
    const { doctor_id } = await api.person('doctor', { doctor: true })
    const patient_id = await makePatient(api)
    await api.rows(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
      select 'PAST-' || n, ${patient_id}, ${doctor_id ?? null}, tstzrange(now() - n * interval '1 day', now() - n * interval '1 day' + interval '30 minutes'),
             case when n in (1, 3, 700) then 'no_show' when n = 2 then 'cancelled' else 'completed' end
        from generate_series(1, 5000) as n`)
    await api.rows(sql`analyze appointments`)
    const counted = sql<{ missed: number }>`select openward.consecutive_no_shows(${patient_id}) as missed`
    assert.deepEqual(await api.rows(counted), [{ missed: 2 }])
    const [row] = await api.rows(
      sql<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>`explain (analyze, buffers, format json) ${counted}`,
    )
    const pages = row?.['QUERY PLAN'][0].Plan['Shared Hit Blocks'] ?? Infinity
    assert.ok(pages < 100, `${pages} pages were read`)
  })
})
