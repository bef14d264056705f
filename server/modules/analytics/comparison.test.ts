import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, type Person, startTestApi, type TestApi } from '../../testing.ts'
import { analyticsApi, figuresOfAll } from './analytics.contract.ts'
import { countedUntil } from './comparison.service.ts'
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

  it('is for whoever sees the figures of all', async () => {
    await assert.rejects(read({}, await api.person('doctor', { doctor: true })), refusedWith(figuresOfAll))
  })
})
