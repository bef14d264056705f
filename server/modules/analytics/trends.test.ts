import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { refusedWith, type Person, startTestApi, type TestApi } from '../../testing.ts'
import { notFound } from '#platform/contract/problem.ts'
import { analyticsApi } from './analytics.contract.ts'
import { appoint, doctorSince } from './figures.testing.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const read = (query: object, who: Person = admin) => who.call(analyticsApi.appointment_trends, { query })

describe('the trends of appointments', () => {
  it('tell new patients from returning ones, wherever these were before', async () => {
    const [first, second] = [await doctorSince(api, '2025-01-01'), await doctorSince(api, '2025-01-01')]
    const [came, missed, cancelled] = [await api.patient(), await api.patient(), await api.patient()]
    await appoint(api, [
      { doctor_id: first.doctor_id, patient_id: came, at: '2024-12-02T09:00' },
      { doctor_id: first.doctor_id, patient_id: missed, at: '2024-12-02T10:00', status: 'no_show' },
      { doctor_id: first.doctor_id, patient_id: cancelled, at: '2024-12-02T11:00', status: 'cancelled' },
      { doctor_id: second.doctor_id, patient_id: came, at: '2025-01-06T09:00' },
      { doctor_id: second.doctor_id, patient_id: missed, at: '2025-01-06T10:00' },
      { doctor_id: second.doctor_id, patient_id: cancelled, at: '2025-01-06T11:00' },
      { doctor_id: second.doctor_id, patient_id: cancelled, at: '2025-01-06T12:00' },
      { doctor_id: second.doctor_id, patient_id: cancelled, at: '2025-01-06T13:00', status: 'cancelled' },
    ])
    const { total } = await read({ from: '2025-01-06', to: '2025-01-06', doctor_id: second.doctor_id })
    assert.deepEqual([total.new_patient_appointments, total.returning_patient_appointments], [2, 2])
    assert.equal(total.appointments - total.by_status.cancelled, 4)
  })

  it('tell how long before they were booked', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const patient_id = await api.patient()
    await appoint(api, [
      { doctor_id, patient_id, at: '2025-02-03T09:00', booked_at: '2025-02-01T14:00:00Z' },
      { doctor_id, patient_id, at: '2025-02-03T10:00', booked_at: '2025-02-03T14:00:00Z', status: 'cancelled' },
      // Entered afterwards.
      { doctor_id, patient_id, at: '2025-02-03T11:00', booked_at: '2025-02-04T14:00:00Z' },
    ])
    const { total } = await read({ from: '2025-02-03', to: '2025-02-03', doctor_id })
    // 48, 1 and 0 hours.
    assert.equal(total.lead_time_hours, 16.333333)
  })

  it('add up over days, weeks, months and specializations, on local days', async () => {
    const [heart, skin] = [
      await doctorSince(api, '2025-01-01', { doctor: { specialization: 'cardiology' } }),
      await doctorSince(api, '2025-01-01', { doctor: { specialization: 'dermatology' } }),
    ]
    const patient_id = await api.patient()
    await appoint(api, [
      { doctor_id: heart.doctor_id, patient_id, at: '2025-06-30T23:30' },
      { doctor_id: skin.doctor_id, patient_id, at: '2025-07-01T00:00', status: 'no_show' },
      { doctor_id: skin.doctor_id, patient_id, at: '2025-07-02T12:00', status: 'booked' },
    ])
    const query = { from: '2025-06-30', to: '2025-07-06' }
    for (const [group_by, counts] of [
      ['day', [1, 1, 1, 0, 0, 0, 0]],
      ['week', [3]],
      ['month', [1, 2]],
    ] as const) {
      const { items, total } = await read({ ...query, group_by })
      assert.deepEqual(
        items.map(({ appointments }) => appointments),
        counts,
        group_by,
      )
      assert.equal(total.appointments, 3)
      assert.deepEqual(total.by_specialization, [
        { specialization: 'cardiology', appointments: 1 },
        { specialization: 'dermatology', appointments: 2 },
      ])
      assert.equal(
        total.by_status.no_show,
        items.reduce((sum, { by_status }) => sum + by_status.no_show, 0),
      )
    }
    const mine = await read(query, skin)
    assert.equal(mine.total.appointments, 2)
    await assert.rejects(read({ ...query, doctor_id: heart.doctor_id }, skin), refusedWith(notFound))
  })
})
