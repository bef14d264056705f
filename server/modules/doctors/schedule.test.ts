import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi, outsideAvailability } from '../appointments/appointment.contract.ts'
import {
  type BlockRequest,
  mostBlocks,
  noRoomForSlot,
  type ScheduleBlock,
  scheduleApi,
  scheduleConflict,
  tooManyBlocks,
} from './schedule.contract.ts'
import { reservedForUrgent, slotApi } from './slot.contract.ts'

let api: TestApi
let admin: Person
let here: string
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  here = await api.department()
})
after(() => api[Symbol.asyncDispose]())

const zone = 'America/New_York'
const aDoctor = async () => {
  const doctor = await api.person('doctor', { doctor: true, department_id: here })
  return { ...doctor, doctor_id: doctor.doctor_id ?? '' }
}
const of = (doctor_id: string) => ({ params: { doctor_id } })
const block = (more: Partial<BlockRequest> = {}) => ({
  weekday: 1,
  start_time: '09:00',
  end_time: '11:00',
  slot_minutes: 30,
  ...more,
})
const add = (doctor_id: string, more: Partial<BlockRequest> = {}, person = admin) =>
  person.call(scheduleApi.add, { ...of(doctor_id), body: block(more) })
const put = (doctor_id: string, blocks: Partial<BlockRequest>[], headers = {}) =>
  admin.call(scheduleApi.replace, { ...of(doctor_id), body: { blocks: blocks.map((one) => block(one)) } }, headers)
const read = (doctor_id: string) => admin.call(scheduleApi.get, of(doctor_id))

/** A Monday some weeks ahead. */
function monday(weeks = 3): Temporal.PlainDate {
  const today = Temporal.Now.plainDateISO(zone)
  return today.add({ days: 8 - today.dayOfWeek + 7 * (weeks - 1) })
}
const at = (date: Temporal.PlainDate, time: string) =>
  date.toPlainDateTime(Temporal.PlainTime.from(time)).toZonedDateTime(zone).toInstant().toString()
const wallOf = (start: string) =>
  Temporal.Instant.from(start).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' })
/** The starts of the free slots of a week, on the wall clock. */
async function starts(doctor_id: string, priority?: 'routine' | 'urgent' | 'emergency', first = monday()) {
  const query = { from: first.toString(), to: first.add({ days: 6 }).toString(), ...(priority ? { priority } : {}) }
  const { items } = await api.call(slotApi.listOfDoctor, { ...of(doctor_id), query })
  return items.map(({ start }) => wallOf(start))
}
const on = (date: Temporal.PlainDate, ...times: string[]) => times.map((time) => `${date.toString()}T${time}`)
const book = async (doctor_id: string, appointment_time: string, priority?: 'routine' | 'urgent' | 'emergency') => {
  const body = { doctor_id, patient_id: await api.patient(), appointment_time, ...(priority ? { priority } : {}) }
  return admin.call(appointmentApi.book, { body })
}

describe('the doctors whose schedule somebody may change', () => {
  it('are all for administrators, those of the department for staff, and oneself for a doctor', async () => {
    const there = await api.department()
    const away = await api.person('doctor', { doctor: true, department_id: there })
    const doctor = await aDoctor()
    const listed = async (person: Person) => {
      const { items, total } = await person.call(scheduleApi.list, { query: { limit: '100' } })
      assert.equal(total, items.length)
      return items.map(({ id }) => id)
    }
    const all = await listed(admin)
    assert.ok(all.includes(doctor.doctor_id) && all.includes(away.doctor_id ?? ''))
    assert.deepEqual(await listed(doctor), [doctor.doctor_id])
    assert.deepEqual(await listed(await api.person('staff', { department_id: there })), [away.doctor_id])
    await assert.rejects(listed(await api.person('nurse', { department_id: there })), refusedWith(forbidden))
  })
})

describe('a schedule', () => {
  it('is the hours of the profile until there is a block, and only its blocks from then on', async () => {
    const { doctor_id } = await aDoctor()
    assert.deepEqual((await read(doctor_id)).items, [])
    assert.equal((await starts(doctor_id)).length, 5 * 16)
    const added = await add(doctor_id, { valid_from: '2020-01-01', location: 'Branch' })
    const expected: ScheduleBlock = {
      id: added.id,
      doctor_id,
      weekday: 1,
      start_time: '09:00',
      end_time: '11:00',
      slot_minutes: 30,
      emergency_share: 0,
      location: 'Branch',
      valid_from: '2020-01-01',
      valid_until: null,
    }
    assert.deepEqual(added, { ...expected, outside_hours: { total: 0, items: [] } })
    assert.deepEqual(await read(doctor_id), { items: [expected], version: 2 })
    assert.deepEqual(await starts(doctor_id), on(monday(), '09:00', '09:30', '10:00', '10:30'))
    const removed = await admin.call(scheduleApi.remove, { params: { doctor_id, block_id: added.id } })
    assert.deepEqual([removed.items, removed.version], [[], 3])
    assert.equal((await starts(doctor_id)).length, 5 * 16)
    await assert.rejects(
      admin.call(scheduleApi.remove, { params: { doctor_id, block_id: added.id } }),
      refusedWith(notFound),
    )
  })

  it('offers nothing where every block is over: the hours of the profile do not come back', async () => {
    const { doctor_id } = await aDoctor()
    await add(doctor_id, { valid_from: '2020-01-01', valid_until: '2020-12-31' })
    assert.deepEqual(await starts(doctor_id), [])
  })

  it('has blocks of their own lengths, places and validity', async () => {
    const { doctor_id } = await aDoctor()
    const next = monday().add({ days: 7 })
    await put(doctor_id, [
      { start_time: '08:00', end_time: '09:00', slot_minutes: 20, valid_until: next.subtract({ days: 1 }).toString() },
      { start_time: '08:00', end_time: '09:00', slot_minutes: 60, valid_from: next.toString() },
      { weekday: 7, start_time: '23:00', end_time: '24:00' },
    ])
    const sunday = monday().add({ days: 6 })
    assert.deepEqual(await starts(doctor_id), [
      ...on(monday(), '08:00', '08:20', '08:40'),
      ...on(sunday, '23:00', '23:30'),
    ])
    assert.deepEqual(await starts(doctor_id, 'routine', next), [
      ...on(next, '08:00'),
      ...on(next.add({ days: 6 }), '23:00', '23:30'),
    ])
  })

  it('takes slots as long as a consultation, from today, unless it says otherwise', async () => {
    const { doctor_id } = await aDoctor()
    const added = await admin.call(scheduleApi.add, {
      ...of(doctor_id),
      body: { weekday: 1, start_time: '09:00', end_time: '10:00' },
    })
    assert.deepEqual([added.slot_minutes, added.valid_from], [30, Temporal.Now.plainDateISO(zone).toString()])
  })

  for (const { title, other } of [
    { title: 'begins within it', other: { start_time: '10:59', end_time: '12:00' } },
    { title: 'ends within it', other: { start_time: '08:00', end_time: '09:01', slot_minutes: 5 } },
    { title: 'holds it', other: { start_time: '08:00', end_time: '24:00' } },
    { title: 'is valid from its last day on', other: { valid_from: '2030-06-30' } },
    { title: 'is valid up to its first day', other: { valid_from: '2000-01-01', valid_until: '2030-01-01' } },
  ]) {
    it(`refuses a block that ${title}, and names the one in conflict`, async () => {
      const { doctor_id } = await aDoctor()
      const { outside_hours: _outside, ...first } = await add(doctor_id, {
        valid_from: '2030-01-01',
        valid_until: '2030-06-30',
      })
      const asked = add(doctor_id, { valid_from: '2030-03-01', ...other })
      await assert.rejects(asked, refusedWith(scheduleConflict))
      const named = await asked.catch((error: unknown) => error instanceof Problem && error.members['block'])
      assert.deepEqual(named, first)
      assert.deepEqual((await read(doctor_id)).items, [first])
    })
  }

  for (const { title, other } of [
    { title: 'begins at its end', other: { start_time: '11:00', end_time: '12:00' } },
    { title: 'ends at its start', other: { start_time: '08:00', end_time: '09:00' } },
    { title: 'is on another weekday', other: { weekday: 2 } },
    { title: 'is valid from the day after', other: { valid_from: '2030-07-01' } },
    { title: 'is valid up to the day before', other: { valid_from: '2000-01-01', valid_until: '2029-12-31' } },
  ]) {
    it(`takes a block that ${title}`, async () => {
      const { doctor_id } = await aDoctor()
      await add(doctor_id, { valid_from: '2030-01-01', valid_until: '2030-06-30' })
      await add(doctor_id, { valid_from: '2030-03-01', ...other })
      assert.equal((await read(doctor_id)).items.length, 2)
    })
  }

  it('never holds two that overlap, by the database', async () => {
    const { doctor_id } = await aDoctor()
    const insert = () =>
      api.rows(sql`insert into schedule_blocks (doctor_id, weekday, start_time, end_time, slot_minutes, valid_from)
                   values (${doctor_id}, 1, '09:00', '10:00', 30, '2026-01-01')`)
    await insert()
    await assert.rejects(insert(), /schedule_blocks_apart/)
  })

  it('gets one of 20 blocks that are added at once for the same time', async () => {
    const { doctor_id } = await aDoctor()
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => add(doctor_id)))
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.equal(refused.length, 19)
    assert.ok(refused.every(({ reason }) => refusedWith(scheduleConflict)(reason)))
    assert.equal((await read(doctor_id)).items.length, 1)
  })

  it('is replaced as a whole or not at all', async () => {
    const { doctor_id } = await aDoctor()
    await add(doctor_id)
    const replaced = await put(doctor_id, [{ weekday: 3 }, { weekday: 2 }])
    assert.deepEqual(
      replaced.items.map(({ weekday }) => weekday),
      [2, 3],
    )
    await assert.rejects(
      put(doctor_id, [{ weekday: 4 }, { weekday: 5 }, { weekday: 4, start_time: '10:30', end_time: '12:00' }]),
      refusedWith(scheduleConflict, '/body/blocks/2'),
    )
    assert.deepEqual((await read(doctor_id)).items, replaced.items)
    assert.deepEqual((await put(doctor_id, [])).items, [])
  })

  it('is replaced by one of ten who read the same version', async () => {
    const { doctor_id } = await aDoctor()
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, weekday) =>
        put(doctor_id, [{ weekday: 1 + (weekday % 7) }], { 'if-match': '"v1"' }),
      ),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.equal(refused.length, 9)
    assert.ok(refused.every(({ reason }) => refusedWith(stale)(reason)))
  })

  it('has no more blocks than fit', async () => {
    const { doctor_id } = await aDoctor()
    const blocks = Array.from({ length: mostBlocks }, (_, year) => ({
      valid_from: `${2030 + year}-01-01`,
      valid_until: `${2030 + year}-12-31`,
    }))
    await put(doctor_id, blocks)
    await assert.rejects(add(doctor_id, { weekday: 2 }), refusedWith(tooManyBlocks))
  })

  for (const { title, wrong, path } of [
    { title: 'ends when it starts', wrong: { end_time: '09:00' }, path: '/body/end_time' },
    { title: 'ends after midnight', wrong: { end_time: '24:30' }, path: '/body/end_time' },
    { title: 'starts at midnight of the next day', wrong: { start_time: '24:00' }, path: '/body/start_time' },
    { title: 'is on an eighth day', wrong: { weekday: 8 }, path: '/body/weekday' },
    { title: 'has slots of four minutes', wrong: { slot_minutes: 4 }, path: '/body/slot_minutes' },
    { title: 'keeps more than all', wrong: { emergency_share: 1.01 }, path: '/body/emergency_share' },
    {
      title: 'is over before it begins',
      wrong: { valid_from: '2030-01-02', valid_until: '2030-01-01' },
      path: '/body/valid_until',
    },
    { title: 'is over before today, where it begins', wrong: { valid_until: '2020-01-01' }, path: '/body/valid_until' },
  ]) {
    it(`refuses a block that ${title}`, async () => {
      const { doctor_id } = await aDoctor()
      await assert.rejects(add(doctor_id, wrong), refusedWith(invalidRequest, path))
    })
  }

  it('refuses a block into which no slot fits', async () => {
    const { doctor_id } = await aDoctor()
    await assert.rejects(add(doctor_id, { slot_minutes: 121 }), refusedWith(noRoomForSlot, '/body/slot_minutes'))
    await assert.rejects(
      put(doctor_id, [{}, { weekday: 2, slot_minutes: 121 }]),
      refusedWith(noRoomForSlot, '/body/blocks/1/slot_minutes'),
    )
  })
})

describe('who writes a schedule', () => {
  it('is its doctor, staff of the department and administrators; others find nothing or may not', async () => {
    const doctor = await aDoctor()
    const staff = await api.person('staff', { department_id: here })
    for (const [weekday, person] of [doctor, staff, admin].entries()) {
      await add(doctor.doctor_id, { weekday: weekday + 1 }, person)
      assert.equal((await person.call(scheduleApi.get, of(doctor.doctor_id))).items.length, weekday + 1)
    }
    const unknown = [
      await aDoctor(),
      await api.person('staff', { department_id: await api.department() }),
      await api.person('staff'),
      await api.person('doctor', { department_id: here }),
    ]
    for (const person of unknown) {
      await assert.rejects(add(doctor.doctor_id, { weekday: 6 }, person), refusedWith(notFound))
      await assert.rejects(person.call(scheduleApi.get, of(doctor.doctor_id)), refusedWith(notFound))
    }
    const patient = await api.person('patient', { patient_id: await api.patient() })
    for (const person of [await api.person('nurse', { department_id: here }), patient]) {
      await assert.rejects(add(doctor.doctor_id, { weekday: 6 }, person), refusedWith(forbidden))
      await assert.rejects(person.call(scheduleApi.get, of(doctor.doctor_id)), refusedWith(forbidden))
    }
  })

  it('leaves an entry in the audit log and an event', async () => {
    const doctor = await aDoctor()
    await add(doctor.doctor_id, {}, doctor)
    const entries = await api.rows(
      sql`select details from audit_logs where action = 'schedule.change' and resource_id = ${doctor.doctor_id}`,
    )
    assert.deepEqual(entries, [{ details: { blocks: 1, outside: 0, patient_ids: [] } }])
    const events = await api.rows(
      sql`select payload - 'hours_before' as payload from events where type = 'doctor.schedule_changed' and subject_id = ${doctor.doctor_id}`,
    )
    assert.deepEqual(events, [{ payload: { version: 2 } }])
  })
})

describe('a schedule that changes under appointments', () => {
  it('names those that lie in no hours any more; they stay, and can be told to others', async () => {
    const doctor = await aDoctor()
    const { doctor_id } = doctor
    const [early, late, tuesday] = [
      await book(doctor_id, at(monday(), '09:00')),
      await book(doctor_id, at(monday(), '10:30')),
      await book(doctor_id, at(monday().add({ days: 1 }), '09:00')),
    ]
    const cancelled = await book(doctor_id, at(monday(), '16:00'))
    await admin.call(appointmentApi.cancel, { params: { appointment_id: cancelled.id }, body: undefined })
    // Two blocks back to back hold what lies across their seam.
    const { outside_hours } = await put(doctor_id, [
      { start_time: '10:00', end_time: '10:45', slot_minutes: 15 },
      { start_time: '10:45', end_time: '12:00', slot_minutes: 15 },
    ])
    assert.deepEqual(outside_hours, {
      total: 2,
      items: [early, tuesday].map(
        ({ id, confirmation_code, patient_id, appointment_time, duration_minutes, status }) => {
          return { id, confirmation_code, patient_id, appointment_time, duration_minutes, status }
        },
      ),
    })
    for (const { id } of [early, late, tuesday]) {
      assert.equal((await admin.call(appointmentApi.get, { params: { appointment_id: id } })).status, 'booked')
    }
    // 10:30 is taken and 10:45 too: the appointment lasts half an hour.
    assert.deepEqual(await starts(doctor_id), on(monday(), '10:00', '10:15', '11:00', '11:15', '11:30', '11:45'))
    const added = await add(doctor_id, { weekday: 2 }, doctor)
    assert.deepEqual(
      added.outside_hours.items.map(({ id }) => id),
      [early.id],
    )
  })

  it('is what the next booking is judged by, whatever was known of it', async () => {
    const { doctor_id } = await aDoctor()
    await book(doctor_id, at(monday(), '09:00'))
    await add(doctor_id, { weekday: 2 })
    await assert.rejects(book(doctor_id, at(monday(), '09:30')), refusedWith(outsideAvailability))
    await book(doctor_id, at(monday().add({ days: 1 }), '09:30'))
  })

  it('names none to whom may read none', async () => {
    const { doctor_id } = await aDoctor()
    await book(doctor_id, at(monday(), '09:00'))
    await api.rows(
      sql`insert into roles (name, permissions, mfa) values ('planner', array['schedules:write'], 'default') on conflict do nothing`,
    )
    const { outside_hours } = await add(doctor_id, { weekday: 2 }, await api.person('planner'))
    assert.deepEqual(outside_hours, { total: 0, items: [] })
  })
})

describe('times kept for what is urgent', () => {
  it('are offered and given to urgent and emergency bookings only, and to nobody who books for themselves', async () => {
    const { doctor_id } = await aDoctor()
    // Four slots, of which a quarter is one: the third.
    await add(doctor_id, { emergency_share: 0.25 })
    const kept = at(monday(), '10:00')
    assert.deepEqual(await starts(doctor_id), on(monday(), '09:00', '09:30', '10:30'))
    for (const priority of ['urgent', 'emergency'] as const)
      assert.deepEqual(await starts(doctor_id, priority), on(monday(), '09:00', '09:30', '10:00', '10:30'))

    const refused = book(doctor_id, kept)
    await assert.rejects(refused, refusedWith(reservedForUrgent))
    const nearest = await refused.catch((error: unknown) => error instanceof Problem && error.members['nearest_slots'])
    assert.ok(Array.isArray(nearest) && nearest.length === 5)
    assert.ok(nearest.every((slot: { start: string }) => !wallOf(slot.start).endsWith('T10:00')))

    const patient_id = await api.patient()
    const patient = await api.person('patient', { patient_id })
    const body = { doctor_id, appointment_time: kept, priority: 'urgent' as const }
    await assert.rejects(patient.call(appointmentApi.book, { body }), refusedWith(reservedForUrgent))
    assert.equal((await book(doctor_id, kept, 'urgent')).priority, 'urgent')
    // An urgent one takes any time.
    await book(doctor_id, at(monday(), '09:00'), 'emergency')
  })

  it('are not for a routine appointment that moves', async () => {
    const { doctor_id } = await aDoctor()
    await add(doctor_id, { emergency_share: 0.25 })
    const move = (appointment_id: string) =>
      admin.call(appointmentApi.reschedule, {
        params: { appointment_id },
        body: { appointment_time: at(monday(), '10:00') },
      })
    const routine = await book(doctor_id, at(monday(), '09:00'))
    await assert.rejects(move(routine.id), refusedWith(reservedForUrgent))
    const urgent = await book(doctor_id, at(monday(), '09:30'), 'urgent')
    assert.equal((await move(urgent.id)).appointment_time, at(monday(), '10:00'))
  })
})
