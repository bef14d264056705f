import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { refusedWith, type Person, startTestApi, type TestApi } from '../../testing.ts'
import { analyticsApi, figuresOfAll } from './analytics.contract.ts'
import { countedUntil } from './comparison.service.ts'
import { findCompared } from './comparison.store.ts'
import { appoint, doctorSince, zone } from './figures.testing.ts'
import { periodOf } from './period.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const read = (query: object, who: Person = admin) => who.call(analyticsApi.admin, { query })

describe('the hospital against the period before', () => {
  it('counts both, with the change, and parts that add up', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const patient_id = await api.patient()
    await appoint(api, [
      { doctor_id, patient_id, at: '2025-03-02T23:30' },
      { doctor_id, patient_id, at: '2025-03-03T00:00' },
      { doctor_id, patient_id, at: '2025-03-09T23:30', status: 'no_show' },
      { doctor_id, patient_id, at: '2025-03-10T00:00' },
      { doctor_id, patient_id, at: '2025-03-16T23:30' },
      { doctor_id, patient_id, at: '2025-03-12T10:00', status: 'held' },
      { doctor_id, patient_id, at: '2025-03-17T00:00' },
    ])
    const department_id = await api.department()
    await api.rows(sql`
      insert into visits (visit_number, patient_id, department_id, type, status, opened_at, closed_at)
      values ('V1', ${patient_id}, ${department_id}, 'outpatient', 'completed', '2025-03-10T04:00:00Z', '2025-03-10T05:00:00Z'),
             ('V2', ${patient_id}, ${department_id}, 'outpatient', 'cancelled', '2025-03-10T03:59:59Z', '2025-03-10T05:00:00Z')`)
    const found = await read({ from: '2025-03-10', to: '2025-03-16' })
    assert.deepEqual([found.previous_from, found.previous_to, found.is_over], ['2025-03-03', '2025-03-09', true])
    assert.deepEqual(found.appointments, {
      current: 2,
      previous: 2,
      change: 0,
      parts: [
        { part: 'completed', current: 2, previous: 1, change: 1 },
        { part: 'no_show', current: 0, previous: 1, change: -1 },
      ],
    })
    assert.deepEqual(
      found.visits.parts.map(({ part, current, previous, change }) => [part, current, previous, change]),
      [
        ['cancelled', 0, 1, -1],
        ['completed', 1, 0, null],
      ],
    )
    assert.deepEqual([found.visits.current, found.visits.previous], [1, 1])
    assert.equal(found.users.current, 0)
    const now = await read({})
    assert.ok(now.users.parts.some(({ part, current }) => part === 'admin' && current === 1))
    for (const counts of [now.users, now.appointments, now.visits, now.prescriptions, now.documents])
      assert.equal(
        counts.parts.reduce((sum, { current }) => sum + current, 0),
        counts.current,
      )
  })

  it('compares a period that goes on with as much of the one before, on the clock', () => {
    const period = periodOf(Temporal.PlainDate.from('2025-03-09'), Temporal.PlainDate.from('2025-03-15'), zone)
    assert.deepEqual(countedUntil(period, Temporal.Instant.from('2025-03-10T13:00:00Z')), {
      current: '2025-03-10T13:00:00Z',
      // Nine on the clock on both days, though the clocks were changed between them.
      previous: '2025-03-03T14:00:00Z',
    })
    assert.deepEqual(countedUntil(period, Temporal.Instant.from('2025-04-01T00:00:00Z')), {
      current: period.ends_at,
      previous: period.starts_at,
    })
  })

  it('is answered by indexes alone, however large the rows are, and counts nothing for whoever does not see all', async () => {
    const patient_id = await api.patient()
    // With nothing to count, every index would cost the planner the same.
    await api.rows(sql`
      insert into documents (patient_id, kind, storage_key, media_type, size_bytes, status, series_id, key_id, sealed_label, sealed_content_key)
      select p.id, 'report', md5(number::text), 'text/plain', 1, 'clean', uuidv7(), p.key_id, '', ''
        from patients p, generate_series(1, 2000) as number where p.id = ${patient_id}`)
    await api.rows(sql`analyze documents`)
    const enter = (reach: string) => ({ enter: () => sql`select openward.enter_as(${reach})` })
    const asking = (reach: string) => scopedDatabase(api.system.pool, enter(reach), { audit: (entry) => entry })
    const ends_at = '2025-03-24T04:00:00Z'
    const compared = findCompared({
      starts_at: '2025-03-10T04:00:00Z',
      ends_at,
      previous_starts_at: '2025-02-24T05:00:00Z',
      previous_ends_at: '2025-03-10T04:00:00Z',
    })
    const plan = await asking('all').once(async (tx) => {
      // A table of a few rows is read from its beginning, whatever indexes there are.
      const forced = tx.run(sql`
        select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`)
      const lines = tx.rows<{ 'QUERY PLAN': string }>(sql`explain (costs off) ${compared}`)
      await forced
      return (await lines).map((line) => line['QUERY PLAN'])
    })
    for (const index of ['appointments_start', 'visits_opened', 'prescriptions_created', 'documents_arrived'])
      assert.ok(
        plan.some((line) => line.includes(`Index Only Scan using ${index} on`)),
        plan.join('\n'),
      )
    const countedBy = (reach: string) => asking(reach).once((tx) => tx.rows(sql`select from counted_records`))
    assert.ok((await countedBy('all')).length > 0)
    for (const reach of ['own', 'related', 'none']) assert.deepEqual(await countedBy(reach), [])
  })

  it('is for whoever sees the figures of all', async () => {
    await assert.rejects(read({}, await api.person('doctor', { doctor: true })), refusedWith(figuresOfAll))
  })
})
