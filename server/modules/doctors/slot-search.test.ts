import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { timeOffApi } from '../appointments/time-off.contract.ts'
import { createCalendars } from './calendars.ts'
import { joinRanges, parseRanges } from './candidates.ts'
import { doctorApi } from './doctor.contract.ts'
import { type BlockRequest, scheduleApi } from './schedule.contract.ts'
import { slotApi } from './slot.contract.ts'
import { listNextSlots } from './slot-search.service.ts'

let api: TestApi
let admin: Person
let anybody: string
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  anybody = await api.patient()
  // Anybody is at many places at once: only the doctors' times matter here.
  await api.rows(sql`alter table appointments drop constraint appointments_patient_free`)
})
after(() => api[Symbol.asyncDispose]())

const zone = 'America/New_York'
let specializations = 0
/** A group of doctors that no other test searches among, with these hours on every day. */
async function aGroup(count: number, hours: Partial<BlockRequest>[] = [{}]) {
  const specialization = `Group ${(specializations += 1)}`
  const doctors = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const { doctor_id = '' } = await api.person('doctor', { doctor: { specialization } })
      await api.rows(sql`update doctors set last_name = ${`N${at}`} where id = ${doctor_id}`)
      await setHours(doctor_id, hours)
      return doctor_id
    }),
  )
  return { specialization, doctors }
}
const setHours = (doctor_id: string, hours: Partial<BlockRequest>[]) =>
  admin.call(scheduleApi.replace, {
    params: { doctor_id },
    body: {
      blocks: hours.flatMap((block) =>
        [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
          weekday,
          start_time: '09:00',
          end_time: '11:00',
          slot_minutes: 30,
          valid_from: '2020-01-01',
          ...block,
        })),
      ),
    },
  })
const day = (days: number) => Temporal.Now.plainDateISO(zone).add({ days }).toString()
const at = (date: string, time: string) =>
  Temporal.PlainDate.from(date)
    .toPlainDateTime(Temporal.PlainTime.from(time))
    .toZonedDateTime(zone)
    .toInstant()
    .toString()
const wallOf = (start: string) =>
  Temporal.Instant.from(start).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' })
type Query = Parameters<typeof api.call<typeof slotApi.listNext>>[1]['query']
const search = async (query: Query) => (await api.call(slotApi.listNext, { query })).items
const shown = (items: { doctor_id: string; start: string }[], doctors: string[]) =>
  items.map(({ doctor_id, start }) => `${doctors.indexOf(doctor_id)} ${wallOf(start)}`)
const book = (doctor_id: string, patient_id: string, appointment_time: string) =>
  admin.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time } })
/** Takes every slot of some days, past the API. */
const fill = (doctor_ids: string[], first: number, days: number, slots = 4) =>
  api.rows(sql`
    insert into appointments (confirmation_code, patient_id, doctor_id, during)
    select gen_random_uuid()::text, ${anybody}, d, tstzrange(s, s + interval '30 minutes')
      from unnest(${doctor_ids}::uuid[]) d, generate_series(${first}::int, ${first + days - 1}::int) n, generate_series(0, ${slots - 1}::int) k,
           lateral (select ((now() at time zone ${zone})::date + n + time '09:00' + k * interval '30 minutes') at time zone ${zone} as s) starts`)
/** Counts how often the database was asked for times. */
const counting = (asked = { count: 0 }) => {
  const once: typeof api.database.once = (fill) => {
    asked.count += 1
    return api.database.once(fill)
  }
  return { system: api.system, database: { ...api.database, once } }
}
const known = async (doctor_ids: string[]) =>
  api.rows<{ doctor_id: string; for_routine: string; for_anyone: string }>(
    sql`select k.doctor_id, k.for_routine::text, k.for_anyone::text from doctor_full_times k join doctors d on d.id = k.doctor_id
         where k.version = d.version and d.id = any (${doctor_ids}::uuid[])`,
  )

describe('the next free slots', () => {
  it('are those of all who match, in order of time and then of names', async () => {
    const { specialization, doctors } = await aGroup(2)
    await book(doctors[0] ?? '', await api.patient(), at(day(2), '09:30'))
    assert.deepEqual(shown(await search({ specialization, from: day(2), limit: '7' }), doctors), [
      `0 ${day(2)}T09:00`,
      `1 ${day(2)}T09:00`,
      `1 ${day(2)}T09:30`,
      `0 ${day(2)}T10:00`,
      `1 ${day(2)}T10:00`,
      `0 ${day(2)}T10:30`,
      `1 ${day(2)}T10:30`,
    ])
    const only = await search({ doctor_ids: doctors.slice(1).join(), from: day(2), limit: '2' })
    assert.deepEqual(shown(only, doctors), [`1 ${day(2)}T09:00`, `1 ${day(2)}T09:30`])
    assert.deepEqual(await search({ doctor_ids: doctors.join(), specialization: 'Alchemy' }), [])
  })

  it('are those of one doctor, whatever way they are asked for', async () => {
    const { doctors } = await aGroup(1, [
      { emergency_share: 0.5 },
      { start_time: '13:00', end_time: '14:00', slot_minutes: 20 },
    ])
    const [doctor_id = ''] = doctors
    await fill(doctors, 3, 2)
    for (const priority of ['routine', 'urgent'] as const) {
      const query = { from: day(1), to: day(20), priority }
      const listed = (await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query })).items
      const searched = await search({ doctor_ids: doctor_id, from: day(1), limit: '60', priority })
      assert.deepEqual(searched, listed.slice(0, 60))
    }
  })

  it('lie where they are asked for: with the doctor, or where the hours are', async () => {
    const { specialization, doctors } = await aGroup(2, [
      { end_time: '09:30' },
      { start_time: '15:00', end_time: '15:30', location: 'Clínica Sur' },
    ])
    await setHours(doctors[1] ?? '', [{}])
    const found = await search({ specialization, location: 'clinica', from: day(1), limit: '2' })
    assert.deepEqual(shown(found, doctors), [`0 ${day(1)}T15:00`, `0 ${day(2)}T15:00`])
    const [usual] = await search({ specialization, location: 'main', from: day(1), limit: '1' })
    assert.equal(wallOf(usual?.start ?? ''), `${day(1)}T09:00`)
  })

  it('end at the horizon, and begin no earlier than now', async () => {
    const { specialization } = await aGroup(1, [{ start_time: '00:00', end_time: '24:00', slot_minutes: 240 }])
    const now = Temporal.Now.instant().toString()
    const [first] = await search({ specialization, from: '2020-01-01', limit: '1' })
    assert.ok(first && first.start > now)
    const last = await search({ specialization, from: day(179), limit: '100' })
    const horizon = Temporal.Now.instant().add({ hours: 180 * 24 })
    const from_end_hours = horizon.since(last.at(-1)?.start ?? now).total('hours')
    assert.ok(from_end_hours >= 0 && from_end_hours <= 4, `the last begins ${from_end_hours} hours before the horizon`)
    assert.deepEqual(await search({ specialization, from: '9999-12-31' }), [])
  })

  for (const { title, query, path } of [
    { title: 'a list that is none', query: { doctor_ids: 'x' }, path: '/query/doctor_ids/0' },
    {
      title: 'too many doctors',
      query: { doctor_ids: Array.from({ length: 51 }, () => '0198c0de-0000-7000-8000-000000000001').join() },
      path: '/query/doctor_ids',
    },
    { title: 'a ward of nothing', query: { ward: 'North' }, path: '/query/ward' },
    { title: 'more than a hundred', query: { limit: '101' }, path: '/query/limit' },
    { title: 'a day that is none', query: { from: '2026-02-30' }, path: '/query/from' },
  ]) {
    it(`are refused to who asks for ${title}`, async () => {
      await assert.rejects(search(query), refusedWith(invalidRequest, path))
    })
  }

  it('are those at which a resource is free as well', async () => {
    const { specialization, doctors } = await aGroup(1)
    const ward = `Ward ${specialization}`
    const room = async (code: string) => {
      const rows = await api.rows<{ id: string }>(
        sql`insert into resources (type, name, code, ward) values ('operating_room', ${code}, ${`${ward} ${code}`}, ${ward}) returning id`,
      )
      return rows[0]?.id ?? ''
    }
    const rooms = [await room('1'), await room('2')]
    const reserve = (resource_id: string, from: string, to: string) =>
      api.rows(sql`insert into resource_reservations (resource_id, during, purpose)
                   values (${resource_id}, tstzrange(${at(day(2), from)}, ${at(day(2), to)}), 'cleaning')`)
    await reserve(rooms[0] ?? '', '09:00', '10:00')
    await reserve(rooms[1] ?? '', '09:10', '10:30')
    const asked = { specialization, from: day(2), limit: '3', resource_type: 'operating_room' } as const
    assert.deepEqual(shown(await search({ ...asked, ward }), doctors), [
      `0 ${day(2)}T10:00`,
      `0 ${day(2)}T10:30`,
      `0 ${day(3)}T09:00`,
    ])
    assert.deepEqual(await search({ ...asked, ward: 'Elsewhere' }), [])
    await api.rows(sql`update resource_reservations set cancelled_at = now() where resource_id = ${rooms[0] ?? ''}`)
    await api.rows(sql`update resources set state = 'retired', retired_at = now() where id = ${rooms[0] ?? ''}`)
    assert.equal((await search({ ...asked, ward }))[0]?.start, at(day(2), '10:30'))

    // While the only one is away for weeks no time in them is looked at, and none is learnt to be the doctor's.
    await api.rows(sql`update resource_reservations set cancelled_at = now() where resource_id = ${rooms[1] ?? ''}`)
    await api.rows(sql`insert into resource_reservations (resource_id, during, purpose)
                       values (${rooms[1] ?? ''}, tstzrange(${at(day(0), '00:00')}, ${at(day(60), '09:30')}), 'maintenance')`)
    await fill(doctors, 60, 20)
    const wanted = { specialization, resource_type: asked.resource_type, limit: '1' } as const
    assert.deepEqual(shown(await search({ ...wanted, ward }), doctors), [`0 ${day(80)}T09:00`])
    const [soon] = await search({ specialization, limit: '1' })
    assert.ok(soon && soon.start < at(day(2), '00:00'))
  })

  it('are not looked for where no such resource is there, or ever free', async () => {
    const { specialization } = await aGroup(1)
    const ward = `Ward ${specialization}`
    const query = { specialization, limit: 20, priority: 'routine', resource_type: 'ventilator', ward } as const
    const asked = { count: 0 }
    const looked = async () => {
      asked.count = 0
      return [await listNextSlots(counting(asked), createCalendars(), query), asked.count]
    }
    assert.deepEqual(await looked(), [{ items: [] }, 1])
    await api.rows(sql`insert into resources (type, name, code, ward, state, retired_at)
                       values ('ventilator', 'V', ${`${ward} V`}, ${ward}, 'retired', now())`)
    assert.deepEqual(await looked(), [{ items: [] }, 1])
    await api.rows(sql`update resources set state = 'in_service', retired_at = null where ward = ${ward}`)
    assert.equal(JSON.stringify(await looked()).match(/"start"/g)?.length, 20)
  })

  it('say how far was looked where that was too much, and the next search goes on from there', async () => {
    const { specialization, doctors } = await aGroup(2)
    await fill(doctors, 0, 40)
    const looked = (most: number) =>
      listNextSlots(
        counting(),
        createCalendars(),
        { specialization, limit: 2, priority: 'routine', from: day(1) },
        most,
      )
    assert.deepEqual(await looked(200), { items: [], searched_until: at(day(26), '09:00') })
    const { items, searched_until } = await looked(200)
    assert.deepEqual(shown(items, doctors), [`0 ${day(40)}T09:00`, `1 ${day(40)}T09:00`])
    assert.equal(searched_until, undefined)
  })
})

describe('ranges of time', () => {
  it('are joined where they touch or overlap', () => {
    const joined = joinRanges(parseRanges('{[1,5),[7,9),[20,)}'), parseRanges('{[4,6),[6,7),[12,15),[30,40)}'))
    assert.deepEqual(joined, [
      [1, 9],
      [12, 15],
      [20, Infinity],
    ])
    assert.deepEqual(joinRanges([], parseRanges('{[1,5)}')), [[1, 5]])
    assert.deepEqual(joinRanges(parseRanges('{[1,5)}'), []), [[1, 5]])
  })
})

describe('doctors who are free on a day', () => {
  it('are those with a slot that is left, in their hours, and not kept for what is urgent', async () => {
    const { specialization, doctors } = await aGroup(4)
    const [full = '', off = '', kept = '', free = ''] = doctors
    await fill([full], 5, 1)
    await admin.call(timeOffApi.add, {
      params: { doctor_id: off },
      body: { starts_at: at(day(5), '00:00'), ends_at: at(day(6), '00:00') },
    })
    await setHours(kept, [{ emergency_share: 1 }])
    const list = (available_on: string) => api.call(doctorApi.list, { query: { specialization, available_on } })
    assert.deepEqual(
      (await list(day(5))).items.map(({ id }) => id),
      [free],
    )
    assert.equal((await list(day(6))).total, 3)
    assert.equal((await list(day(200))).total, 0)
  })
})

describe('what a search has learnt', () => {
  it('spares the next one the days that are full, and is forgotten for what is freed', async () => {
    const { specialization, doctors } = await aGroup(3)
    const [first = ''] = doctors
    await fill(doctors, 0, 31)
    const expected = doctors.map((_, rank) => `${rank} ${day(31)}T09:00`)
    assert.deepEqual(shown(await search({ specialization, limit: '3' }), doctors), expected)
    for (const { for_routine, for_anyone } of await known(doctors)) {
      assert.equal(for_anyone, '{}')
      const ranges = parseRanges(for_routine)
      assert.equal(ranges.length, 1, for_routine)
      assert.equal(ranges[0]?.[1], Date.parse(at(day(31), '09:00')))
    }
    assert.equal((await known(doctors)).length, 3)
    assert.deepEqual(shown(await search({ specialization, limit: '3' }), doctors), expected)
    // From a later day, too.
    assert.deepEqual(shown(await search({ specialization, from: day(10), limit: '3' }), doctors), expected)

    const [freed] = await api.rows<{ id: string; start: string }>(
      sql`select id, lower(during) as start from appointments where doctor_id = ${first} and lower(during) = ${at(day(12), '09:30')}`,
    )
    await admin.call(appointmentApi.cancel, { params: { appointment_id: freed?.id ?? '' }, body: undefined })
    assert.deepEqual(shown(await search({ specialization, limit: '1' }), doctors), [`0 ${day(12)}T09:30`])
    await book(first, await api.patient(), at(day(12), '09:30'))
    assert.deepEqual(shown(await search({ specialization, limit: '3' }), doctors), expected)

    // What moves away, what is deleted, and time off that is taken back frees as well.
    const moved = await api.rows<{ id: string }>(
      sql`select id from appointments where doctor_id = ${first} and lower(during) = ${at(day(20), '10:30')}`,
    )
    await admin.call(appointmentApi.reschedule, {
      params: { appointment_id: moved[0]?.id ?? '' },
      body: { appointment_time: at(day(32), '09:00') },
    })
    assert.deepEqual(shown(await search({ specialization, limit: '1' }), doctors), [`0 ${day(20)}T10:30`])
    await api.rows(sql`delete from appointments where doctor_id = ${first} and lower(during) = ${at(day(8), '09:00')}`)
    assert.deepEqual(shown(await search({ specialization, limit: '1' }), doctors), [`0 ${day(8)}T09:00`])
  })

  it('is apart for what is urgent, and counts for the hours that it was learnt of', async () => {
    const { specialization, doctors } = await aGroup(2, [{ emergency_share: 0.25 }])
    // The third slot of each day is kept and stays free.
    await fill(doctors, 0, 40)
    await api.rows(sql`update appointments set status = 'cancelled' where doctor_id = any (${doctors}::uuid[])
                          and (lower(during) at time zone ${zone})::time = '10:00'`)
    const routine = [`0 ${day(40)}T09:00`, `1 ${day(40)}T09:00`]
    for (let repeat = 0; repeat < 2; repeat += 1) {
      assert.deepEqual(shown(await search({ specialization, limit: '2' }), doctors), routine)
      const [urgent] = await search({ specialization, from: day(1), limit: '1', priority: 'emergency' })
      assert.equal(wallOf(urgent?.start ?? ''), `${day(1)}T10:00`)
    }
    assert.equal((await known(doctors)).length, 2)
    await setHours(doctors[1] ?? '', [{ start_time: '09:00', end_time: '11:30' }])
    assert.deepEqual(await known(doctors.slice(1)), [])
    const [found] = await search({ specialization, from: day(1), limit: '1' })
    assert.deepEqual(shown(found ? [found] : [], doctors), [`1 ${day(1)}T10:00`])
  })

  it('does not keep what is only held', async () => {
    const { specialization, doctors } = await aGroup(1)
    await fill(doctors, 0, 40)
    await api.rows(
      sql`update appointments set status = 'held', held_until = now() + interval '10 minutes'
           where doctor_id = any (${doctors}::uuid[]) and lower(during) = ${at(day(7), '09:30')}`,
    )
    assert.deepEqual(shown(await search({ specialization, limit: '1' }), doctors), [`0 ${day(40)}T09:00`])
    const for_routine = (await known(doctors))[0]?.for_routine ?? ''
    const held_ms = Date.parse(at(day(7), '09:30'))
    const ranges = parseRanges(for_routine)
    assert.equal(ranges.length, 2)
    assert.ok(ranges.every(([from, to]) => held_ms < from || to <= held_ms))
  })

  it('is never wrong, whoever books, cancels, moves and searches meanwhile', async () => {
    const { specialization, doctors } = await aGroup(4, [{ emergency_share: 0.25 }])
    await fill(doctors, 0, 30)
    const patients = await Promise.all(Array.from({ length: 50 }, () => api.patient()))
    const standing = await api.rows<{ id: string; doctor_id: string; start: string }>(
      sql`select id, doctor_id, to_char(lower(during) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as start from appointments
           where doctor_id = any (${doctors}::uuid[]) and lower(during) > now() + interval '1 day' order by random()`,
    )
    const allowed = (error: unknown) => {
      if (!(error instanceof Problem) || error.kind.status >= 500) throw error
    }
    let searches = 0
    await Promise.all(
      patients.map(async (patient_id, client) => {
        for (let round = 0; round < 4; round += 1) {
          const one = standing[client * 4 + round]
          if (!one) continue
          await search({ specialization, limit: '5', priority: client % 2 ? 'routine' : 'urgent' })
          searches += 1
          if (client % 3 === 0) {
            const params = { appointment_id: one.id }
            const body = { appointment_time: at(day(30 + (client % 20)), '10:30') }
            await admin.call(appointmentApi.reschedule, { params, body }).catch(allowed)
          } else {
            await admin
              .call(appointmentApi.cancel, { params: { appointment_id: one.id }, body: undefined })
              .catch(allowed)
          }
          await search({ specialization, limit: '40' })
          if (client % 2) await book(one.doctor_id, patient_id, one.start).catch(allowed)
        }
      }),
    )
    assert.equal(searches, 200)
    let looked = 0
    for (const priority of ['routine', 'urgent'] as const) {
      const rows = await known(doctors)
      for (const [rank, doctor_id] of doctors.entries()) {
        const row = rows.find((each) => each.doctor_id === doctor_id)
        const full = parseRanges((priority === 'routine' ? row?.for_routine : row?.for_anyone) ?? '{}')
        for (const first of [0, 30, 60]) {
          const query = { from: day(first), to: day(first + 29), priority }
          const { items } = await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query })
          for (const { start } of items) {
            looked += 1
            const start_ms = Date.parse(start)
            const wrong = full.find(([from, to]) => from <= start_ms && start_ms < to)
            assert.equal(wrong, undefined, `doctor ${rank} is free at ${start}, ${priority}`)
          }
        }
      }
      assert.ok(rows.some((row) => (priority === 'routine' ? row.for_routine : row.for_anyone) !== '{}'))
    }
    assert.ok(looked > 100)
  })
})
