// Doctor utilization: by local days and by the schedule of the time, for doctors who changed, moved or left, and adding up.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isDatabaseError } from '#platform/database/connection.ts'
import fc from 'fast-check'
import { forbidden, invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { scheduleApi } from '../doctors/schedule.contract.ts'
import { figureRowsApi } from './figure-rows.contract.ts'
import { analyticsApi, type DoctorUtilization } from './analytics.contract.ts'
import { appoint, changeDoctorAt, doctorSince, zone } from './figures.testing.ts'

let api: TestApi
let admin: Person
let patients: string[]
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  patients = [await api.patient(), await api.patient(), await api.patient()]
})
after(() => api[Symbol.asyncDispose]())

const read = (query: object, who: Person = admin) => who.call(analyticsApi.doctor_utilization, { query })
const patient = (at: number) => patients[at] ?? ''
/** Monday to Sunday. */
const week = { from: '2025-03-03', to: '2025-03-09' }
const shown = ({
  available_minutes,
  booked_minutes,
  outside_minutes,
  completed_minutes,
}: DoctorUtilization['total']) => [available_minutes, booked_minutes, outside_minutes, completed_minutes]

describe('the utilization of a doctor', () => {
  it('is booked by available time, counted once, with what lies beyond it apart', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    await appoint(api, [
      { doctor_id, patient_id: patient(0), at: '2025-03-03T09:00' },
      { doctor_id, patient_id: patient(0), at: '2025-03-03T10:00', status: 'no_show' },
      { doctor_id, patient_id: patient(0), at: '2025-03-03T11:00', status: 'cancelled' },
      { doctor_id, patient_id: patient(0), at: '2025-03-04T09:00', status: 'booked' },
      { doctor_id, patient_id: patient(1), at: '2025-03-04T09:00', status: 'booked', lane: 1 },
      { doctor_id, patient_id: patient(0), at: '2025-03-04T18:00', status: 'confirmed' },
      { doctor_id, patient_id: patient(2), at: '2025-03-05T09:00', status: 'held' },
    ])
    const { total, items } = await read({ ...week, doctor_id })
    assert.deepEqual(shown(total), [5 * 480, 90, 60, 30])
    assert.equal(total.utilization, 0.0375)
    assert.equal(total.no_show_rate, 0.5)
    assert.equal(total.appointments, 6)
    assert.deepEqual(total.by_status, {
      booked: 2,
      confirmed: 1,
      checked_in: 0,
      in_progress: 0,
      completed: 1,
      cancelled: 1,
      no_show: 1,
    })
    assert.deepEqual(items, [{ ...week, is_partial: false, doctor_id, department_id: null, ...total }])
  })

  it('is null where nothing is offered, never a quotient of nothing', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const { total } = await read({ from: '2025-03-08', to: '2025-03-09', doctor_id })
    assert.deepEqual([total.available_minutes, total.utilization, total.no_show_rate], [0, null, null])
  })

  it('goes by the local days of the hospital, of 23 hours too', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const blocks = [
      {
        weekday: 7,
        start_time: '01:00',
        end_time: '04:00',
        slot_minutes: 30,
        valid_from: '2025-01-01',
        valid_until: null,
      },
    ]
    await changeDoctorAt(api, doctor_id, '2025-01-02', { blocks })
    await appoint(api, [
      { doctor_id, patient_id: patient(0), at: '2025-03-08T23:30' },
      { doctor_id, patient_id: patient(0), at: '2025-03-09T00:00' },
      { doctor_id, patient_id: patient(0), at: '2025-03-09T03:00' },
    ])
    const day = async (date: string) => (await read({ from: date, to: date, doctor_id })).total
    assert.equal((await day('2025-03-08')).appointments, 1)
    // The hour from two to three does not exist.
    const short = await day('2025-03-09')
    assert.deepEqual([short.appointments, short.available_minutes, short.booked_minutes], [2, 120, 30])
    assert.equal((await day('2025-03-16')).available_minutes, 180)
    // The repeated hour is offered once.
    assert.equal((await day('2025-11-02')).available_minutes, 180)
  })

  it('goes by the schedule that was in force when each slot began', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    await changeDoctorAt(api, doctor_id, '2025-03-05T12:00:00-05:00', { available_to: '10:00' })
    const { items } = await read({ ...week, doctor_id, group_by: 'day' })
    assert.deepEqual(
      items.map(({ available_minutes }) => available_minutes),
      // On Wednesday what was offered until noon.
      [480, 480, 180, 60, 60, 0, 0],
    )
  })

  it('is not changed for the past by a schedule that is changed now', async () => {
    const doctor = await doctorSince(api, '2025-01-01')
    const { doctor_id = '' } = doctor
    const past = (await read({ ...week, doctor_id })).total
    const today = Temporal.Now.plainDateISO(zone)
    const ahead = { from: today.add({ days: 7 }).toString(), to: today.add({ days: 13 }).toString(), doctor_id }
    assert.equal((await read(ahead)).total.available_minutes, 2400)
    const block = { weekday: 1, start_time: '09:00', end_time: '10:00', slot_minutes: 20 }
    const replace = (blocks: object[]) =>
      doctor.call(scheduleApi.replace, { params: { doctor_id }, body: { blocks } as never })
    await replace([block, { ...block, weekday: 2 }])
    assert.equal((await read(ahead)).total.available_minutes, 120)
    await replace([block])
    assert.equal((await read(ahead)).total.available_minutes, 60)
    assert.deepEqual((await read({ ...week, doctor_id })).total, past)
    const states = await api.rows(sql`select from doctor_states where doctor_id = ${doctor_id}`)
    assert.equal(states.length, 3, 'what one change does is one state')
  })

  it('leaves out slots that time off touches', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    await api.rows(sql`insert into time_off (doctor_id, starts_at, ends_at)
      values (${doctor_id}, '2025-03-03T09:15:00-05:00', '2025-03-03T10:00:00-05:00'), (${doctor_id}, '2025-03-05T00:00:00-05:00', '2025-03-07T00:00:00-05:00')`)
    assert.equal((await read({ ...week, doctor_id })).total.available_minutes, 2400 - 60 - 960)
  })

  it('counts whoever has left for the time before', async () => {
    const { doctor_id } = await doctorSince(api, '2025-03-04T00:00:00-05:00')
    await appoint(api, [{ doctor_id, patient_id: patient(2), at: '2025-03-04T09:00' }])
    await changeDoctorAt(api, doctor_id, '2025-03-06T00:00:00-05:00', { is_active: false })
    await api.rows(sql`update doctors set is_active = false where id = ${doctor_id}`)
    const { items } = await read(week)
    const item = items.find((one) => one.doctor_id === doctor_id)
    assert.deepEqual([item?.available_minutes, item?.booked_minutes], [960, 30])
  })

  it('is of the department where the doctor was on each day', async () => {
    const [first, second] = [await api.department(), await api.department()]
    const { doctor_id } = await doctorSince(api, '2025-01-01', { department_id: first })
    await changeDoctorAt(api, doctor_id, '2025-03-05T00:00:00-05:00', { department_id: second })
    const { items } = await read({ ...week, doctor_id, group_by: 'department' })
    assert.deepEqual(
      new Map(items.map(({ department_id, available_minutes }) => [department_id, available_minutes])),
      new Map([
        [first, 960],
        [second, 1440],
      ]),
    )
    const of_first = await read({ ...week, department_id: first })
    assert.deepEqual([of_first.total.available_minutes, of_first.items.length], [960, 1])
  })

  it('says which weeks and months are cut off', async () => {
    const { doctor_id } = await doctorSince(api, '2025-01-01')
    const by = async (group_by: string) =>
      (await read({ from: '2025-02-26', to: '2025-03-31', doctor_id, group_by })).items.map(
        ({ from, to, is_partial }) => `${from} ${to} ${is_partial}`,
      )
    assert.deepEqual(await by('month'), ['2025-02-26 2025-02-28 true', '2025-03-01 2025-03-31 false'])
    assert.deepEqual((await by('week')).slice(0, 2), ['2025-02-26 2025-03-02 true', '2025-03-03 2025-03-09 false'])
    assert.equal((await by('week')).at(-1), '2025-03-31 2025-03-31 true')
  })
})

/** SQLSTATE of a time that is taken. */
const exclusionViolation = '23P01'

describe('the rows behind the utilization', () => {
  it('add up to it, however they are grouped, and never book more than there is', async () => {
    const place = [await api.department(), await api.department()]
    const doctors = await Promise.all(place.map((department_id) => doctorSince(api, '2025-01-01', { department_id })))
    const from = '2025-10-20'
    // Many that do not fit are refused by the database; what it keeps is counted.
    const any = fc.record({
      doctor: fc.nat(1),
      patient: fc.nat(2),
      slot: fc.nat(14 * 96),
      status: fc.nat(6),
      lane: fc.nat(3),
      length: fc.integer({ min: 1, max: 12 }),
    })
    const statuses = ['booked', 'confirmed', 'checked_in', 'in_progress', 'completed', 'cancelled', 'no_show']
    for (const one of fc.sample(any, { numRuns: 250, seed: 42 })) {
      const at = Temporal.PlainDate.from(from)
        .toPlainDateTime()
        .add({ minutes: one.slot * 15 })
        .toString()
      await appoint(api, [
        {
          doctor_id: doctors[one.doctor]?.doctor_id,
          patient_id: patient(one.patient),
          at,
          minutes: one.length * 5,
          lane: one.lane,
          status: statuses[one.status] ?? '',
        },
      ]).catch((error: unknown) => {
        if (!isDatabaseError(error) || error.code !== exclusionViolation) throw error
      })
    }
    const query = { from, to: '2025-11-02' }
    const { total } = await read(query)
    assert.ok(total.appointments > 100 && total.outside_minutes > 0)
    assert.equal(
      total.appointments,
      Object.values(total.by_status).reduce((sum, count) => sum + count),
    )
    for (const group_by of ['doctor', 'department', 'day', 'week', 'month']) {
      const grouped = await read({ ...query, group_by })
      assert.deepEqual(grouped.total, total)
      for (const name of [
        'available_minutes',
        'booked_minutes',
        'outside_minutes',
        'completed_minutes',
        'appointments',
      ] as const)
        assert.equal(
          grouped.items.reduce((sum, item) => sum + item[name], 0),
          total[name],
          `${name} by ${group_by}`,
        )
      for (const item of grouped.items) {
        assert.ok(item.booked_minutes <= item.available_minutes)
        assert.ok(item.utilization === null || (item.utilization >= 0 && item.utilization <= 1))
      }
    }
    // Counted anew, minute by minute.
    assert.equal(total.booked_minutes, await bookedMinuteByMinute(doctors, query))
  })

  it('are listed where the answer says, as far as the caller may see them', async () => {
    const doctor = await doctorSince(api, '2025-01-01')
    const { doctor_id } = doctor
    await appoint(api, [
      { doctor_id, patient_id: patient(0), at: '2025-04-07T09:00' },
      { doctor_id, patient_id: patient(1), at: '2025-04-07T23:45', status: 'booked' },
      { doctor_id, patient_id: patient(1), at: '2025-04-08T09:00' },
      { doctor_id, patient_id: patient(2), at: '2025-04-07T09:30', status: 'held' },
    ])
    for (const who of [admin, doctor]) {
      const { total, rows } = await read({ from: '2025-04-07', to: '2025-04-07', doctor_id }, who)
      assert.equal(total.appointments, 2)
      const url = new URL(rows, 'http://openward.test')
      const listOf = (figure: string) =>
        who.call(figureRowsApi.list, { query: { ...Object.fromEntries(url.searchParams), figure } as never })
      const { items, next_cursor } = await listOf('booked_minutes')
      const beyond = await listOf('outside_minutes')
      assert.deepEqual([items.map(({ value }) => value), next_cursor], [[30], null])
      assert.deepEqual(
        beyond.items.map(({ value, part, at, address }) => [value, part, at, address === null]),
        [[30, 'booked', '2025-04-08T03:45:00Z', false]],
      )
      const { text } = await who.send({ method: 'GET', url: items[0]?.address ?? '', headers: {} })
      assert.equal((JSON.parse(text) as { appointment_time: string }).appointment_time, items[0]?.at)
    }
  })
})

/** From the rows of the database and the hours on the wall, by a way of its own: default hours, Monday to Friday, nine to five. */
async function bookedMinuteByMinute(
  doctors: readonly Person[],
  { from, to }: { from: string; to: string },
): Promise<number> {
  let booked = 0
  for (const { doctor_id } of doctors) {
    const rows = await api.rows<{ starts_at: Date; ends_at: Date }>(sql`
      select starts_at, ends_at from appointments where doctor_id = ${doctor_id} and status <> 'cancelled'`)
    const taken = new Set<number>()
    for (const { starts_at, ends_at } of rows) {
      const first = starts_at.getTime() / 60_000
      for (let minute = first; minute < ends_at.getTime() / 60_000; minute += 1) taken.add(minute)
    }
    for (const minute of taken) {
      const wall = Temporal.Instant.fromEpochMilliseconds(minute * 60_000).toZonedDateTimeISO(zone)
      const date = wall.toPlainDate().toString()
      if (wall.dayOfWeek <= 5 && wall.hour >= 9 && wall.hour < 17 && date >= from && date <= to) booked += 1
    }
  }
  return booked
}

describe('whose utilization is seen', () => {
  it('is everybody’s for an administrator, and their own for a doctor', async () => {
    const doctor = await doctorSince(api, '2025-01-01')
    const other = await doctorSince(api, '2025-01-01')
    const { items } = await read(week, doctor)
    assert.deepEqual(
      items.map(({ doctor_id }) => doctor_id),
      [doctor.doctor_id],
    )
    await assert.rejects(read({ ...week, doctor_id: other.doctor_id }, doctor), refusedWith(notFound))
    await assert.rejects(read(week, await api.person('doctor')), refusedWith(notFound))
    await assert.rejects(read(week, await api.person('nurse')), refusedWith(forbidden))
  })

  it('is of a period that can be counted', async () => {
    await assert.rejects(read({ from: '2025-03-09', to: '2025-03-03' }), refusedWith(invalidRequest, '/query/to'))
    await assert.rejects(read({ from: '2024-01-01', to: '2025-01-01' }), refusedWith(invalidRequest, '/query/to'))
    const { from, to, is_over } = await read({})
    assert.deepEqual([Temporal.PlainDate.from(from).until(to).days, is_over], [29, false])
  })
})
