import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { assignmentApi, resourceUnavailable } from './assignment.contract.ts'
import { ofAppointment, reservationApi } from './reservation.contract.ts'
import { findTakenRanges } from './reservation.store.ts'
import { resourceApi } from './resource.contract.ts'
import { makeResource, newCode } from './ward.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  nurse = await api.person('nurse')
})
after(() => api[Symbol.asyncDispose]())

const of = ({ id }: { id: string }) => ({ params: { resource_id: id } })
const base = Temporal.Now.instant().add({ hours: 240 }).round('hour')
/** An hour of a day some days ahead. */
const hour = (at: number) => base.add({ minutes: at * 60 }).toString()
const reserve = (
  resource: { id: string },
  from: number,
  to: number,
  rest: { patient_id?: string; purpose?: string; lane?: number } = {},
) => nurse.call(reservationApi.create, { ...of(resource), body: { starts_at: hour(from), ends_at: hour(to), ...rest } })
const list = (person: Person, resource: { id: string }) =>
  person.call(reservationApi.list, { ...of(resource), query: {} })

describe('a reservation', () => {
  it('keeps its time from others, end to start, and tells what else is free then', async () => {
    const ward = newCode()
    const [room, other, busy] = await Promise.all(
      Array.from({ length: 3 }, () => makeResource(staff, { type: 'operating_room', ward })),
    )
    assert.ok(room && other && busy)
    await reserve(busy, 2, 3)
    await reserve(room, 2, 4)
    for (const [from, to] of [
      [2, 4],
      [1, 3],
      [3, 5],
      [1, 5],
      [2.5, 3],
    ] as const) {
      await assert.rejects(reserve(room, from, to), refusedWith(resourceUnavailable))
    }
    await reserve(room, 4, 5)
    await reserve(room, 1, 2)
    const free = await reserve(room, 2, 3).catch(({ members }: { members: { free: { id: string }[] } }) =>
      members.free.map(({ id }) => id),
    )
    assert.deepEqual(free, [other.id])
    const { items, total } = await list(nurse, room)
    assert.deepEqual([items.map(({ starts_at }) => starts_at), total], [[hour(1), hour(2), hour(4)], 3])
  })

  it('has lanes', async () => {
    const room = await makeResource(staff, { type: 'room', lanes: 2 })
    assert.deepEqual([(await reserve(room, 0, 2)).lane, (await reserve(room, 1, 3)).lane], [1, 2])
    await assert.rejects(reserve(room, 1, 2), refusedWith(resourceUnavailable))
    await assert.rejects(reserve(room, 0, 1, { lane: 1 }), refusedWith(resourceUnavailable))
    await assert.rejects(reserve(room, 8, 9, { lane: 3 }), refusedWith(resourceUnavailable))
    assert.equal((await reserve(room, 0, 1, { lane: 2 })).lane, 2)
  })

  it('tells for whom and what for only to those who read the patient, and seals it', async () => {
    const [room, patient_id] = [await makeResource(staff, { type: 'operating_room' }), await api.patient()]
    const made = await reserve(room, 0, 1, { patient_id, purpose: 'Appendectomy' })
    assert.deepEqual([made.patient_id, made.purpose], [patient_id, 'Appendectomy'])
    await reserve(room, 2, 3, { purpose: 'Training' })
    const seen = async (person: Person) =>
      (await list(person, room)).items.map((item) => [item.starts_at, item.patient_id, item.purpose])
    assert.deepEqual(await seen(staff), [
      [hour(0), patient_id, 'Appendectomy'],
      [hour(2), null, 'Training'],
    ])
    assert.deepEqual(await seen(nurse), [
      [hour(0), null, null],
      [hour(2), null, 'Training'],
    ])
    const [row] = await api.rows<{ text: string }>(
      sql`select r::text as text from resource_reservations r where id = ${made.id}`,
    )
    assert.ok(row && !row.text.includes('Appendectomy'))
    const cancelled = await nurse.call(reservationApi.cancel, {
      params: { resource_id: room.id, reservation_id: made.id },
    })
    assert.deepEqual([cancelled.patient_id, cancelled.purpose], [null, null])
  })

  it('frees its time when it is cancelled, as often as that is said', async () => {
    const room = await makeResource(staff, { type: 'room' })
    const { id } = await reserve(room, 0, 1)
    const params = { resource_id: room.id, reservation_id: id }
    const cancelled = await nurse.call(reservationApi.cancel, { params })
    assert.ok(cancelled.cancelled_at)
    assert.deepEqual(await nurse.call(reservationApi.cancel, { params }), cancelled)
    assert.deepEqual((await list(nurse, room)).items, [])
    await reserve(room, 0, 1)
    const other = await makeResource(staff)
    await assert.rejects(
      nurse.call(reservationApi.cancel, { params: { resource_id: other.id, reservation_id: id } }),
      refusedWith(notFound),
    )
  })

  it('is for a time to come, a patient who is there, and a resource that is not retired', async () => {
    const room = await makeResource(staff, { type: 'room' })
    const create = (body: { starts_at: string; ends_at: string; patient_id?: string }) =>
      nurse.call(reservationApi.create, { ...of(room), body })
    const past = Temporal.Now.instant().subtract({ hours: 2 })
    await assert.rejects(
      create({ starts_at: past.toString(), ends_at: past.add({ hours: 1 }).toString() }),
      refusedWith(invalidRequest, '/body/ends_at'),
    )
    await assert.rejects(create({ starts_at: hour(1), ends_at: hour(1) }), refusedWith(invalidRequest, '/body/ends_at'))
    await assert.rejects(
      create({ starts_at: hour(0), ends_at: hour(24 * 31 + 1) }),
      refusedWith(invalidRequest, '/body/ends_at'),
    )
    await assert.rejects(
      create({ starts_at: hour(0), ends_at: hour(1), patient_id: nurse.user_id }),
      refusedWith(notFound),
    )
    await staff.call(resourceApi.setStatus, { ...of(room), body: { status: 'retired' } })
    await assert.rejects(create({ starts_at: hour(0), ends_at: hour(1) }), refusedWith(resourceUnavailable))
  })

  it('begins at once only where nobody else has the resource', async () => {
    const device = await makeResource(staff, { type: 'equipment' })
    const patient_id = await api.patient()
    await nurse.call(assignmentApi.assign, { ...of(device), body: { patient_id } })
    const starts_at = Temporal.Now.instant().subtract({ minutes: 1 }).toString()
    const create = (rest: { patient_id?: string }) =>
      nurse.call(reservationApi.create, { ...of(device), body: { starts_at, ends_at: hour(0), ...rest } })
    await assert.rejects(create({}), refusedWith(resourceUnavailable))
    await reserve(device, 0, 1)
    assert.equal((await create({ patient_id })).patient_id, patient_id)
  })

  it('is listed for a span of time, and read on by cursor', async () => {
    const room = await makeResource(staff, { type: 'room' })
    for (const at of [0, 1, 2, 3]) await reserve(room, at, at + 1)
    const query = { from: hour(1), to: hour(3) }
    const { items } = await nurse.call(reservationApi.list, { ...of(room), query })
    assert.deepEqual(
      items.map(({ starts_at }) => starts_at),
      [hour(1), hour(2)],
    )
    const first = await nurse.call(reservationApi.list, { ...of(room), query: { limit: '3' } })
    const rest = await nurse.call(reservationApi.list, {
      ...of(room),
      query: { limit: '3', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual([first.items.length, rest.items.map(({ starts_at }) => starts_at)], [3, [hour(3)]])
    await assert.rejects(
      nurse.call(reservationApi.list, { ...of(room), query: { from: hour(2), to: hour(2) } }),
      refusedWith(invalidRequest, '/query/to'),
    )
  })
})

describe('what an appointment needs', () => {
  let code = 0
  async function appointment(
    from: number,
    to: number,
    patient_id: string,
    held_until: string | null = null,
  ): Promise<string> {
    const { doctor_id } = await api.person('doctor', { doctor: true })
    const id = randomUUID()
    await api.rows(sql`
      insert into appointments (id, confirmation_code, patient_id, doctor_id, during, held_until, status)
      values (${id}, ${`R-${(code += 1)}`}, ${patient_id}, ${doctor_id}, tstzrange(${hour(from)}, ${hour(to)}), ${held_until},
              ${held_until ? 'held' : 'booked'})`)
    return id
  }
  type Asked = {
    resource_ids: string[]
    starts_at: string
    ends_at: string
    patient_id: string | null
    appointment_id: string
    held_until?: string
  }
  const take = ({ resource_ids, starts_at, ends_at, patient_id, appointment_id, held_until }: Asked) =>
    api.database.once((tx) =>
      tx.first(sql`
        select openward.reserve_resources(${resource_ids}::uuid[], ${starts_at}, ${ends_at}, ${patient_id}, ${appointment_id}, null,
                                          ${held_until ?? null}) as reserved`),
    )
  const taken = async (...resources: { id: string }[]) =>
    (
      await api.database.once((tx) =>
        tx.rows(
          findTakenRanges(
            resources.map(({ id }) => id),
            hour(-24),
            hour(48),
          ),
        ),
      )
    ).map(({ resource_id, starts_at, ends_at }) => [resource_id, starts_at, ends_at])
  const violating = (name: string) => (error: unknown) => (error as { constraint?: string }).constraint === name

  it('is taken as a whole or not at all, and only where all of it is there', async () => {
    const [room, device] = [
      await makeResource(staff, { type: 'room' }),
      await makeResource(staff, { type: 'equipment' }),
    ]
    const patient_id = await api.patient()
    await reserve(device, 0, 1)
    const appointment_id = await appointment(0, 1, patient_id)
    const asked = {
      resource_ids: [room.id, device.id],
      starts_at: hour(0),
      ends_at: hour(1),
      patient_id,
      appointment_id,
    }
    await assert.rejects(take(asked), violating('resource_reservations_free'))
    await assert.rejects(
      take({ ...asked, resource_ids: [room.id, patient_id] }),
      violating('resource_reservations_resource'),
    )
    assert.deepEqual(await taken(room), [])
    assert.deepEqual(await take({ ...asked, resource_ids: [room.id] }), { reserved: 1 })
    const { items } = await list(staff, room)
    assert.deepEqual(
      items.map((item) => [item.appointment_id, item.patient_id]),
      [[appointment_id, patient_id]],
    )
    const params = { resource_id: room.id, reservation_id: items[0]?.id ?? '' }
    await assert.rejects(nurse.call(reservationApi.cancel, { params }), refusedWith(ofAppointment))
  })

  it('moves and ends with it', async () => {
    const [room, patient_id] = [await makeResource(staff, { type: 'room' }), await api.patient()]
    const id = await appointment(0, 1, patient_id)
    await take({ resource_ids: [room.id], starts_at: hour(0), ends_at: hour(1), patient_id, appointment_id: id })
    await reserve(room, 5, 6)
    const move = (from: number, to: number) =>
      api.rows(sql`update appointments set during = tstzrange(${hour(from)}, ${hour(to)}) where id = ${id}`)
    await move(2, 3)
    assert.deepEqual(await taken(room), [
      [room.id, hour(2), hour(3)],
      [room.id, hour(5), hour(6)],
    ])
    await assert.rejects(move(5.5, 7), violating('resource_reservations_free'))
    await api.rows(sql`update appointments set status = 'cancelled' where id = ${id}`)
    assert.deepEqual(await taken(room), [[room.id, hour(5), hour(6)]])
  })

  it('is held as long as the time is, and lost where somebody took it after that', async () => {
    const [room, patient_id] = [await makeResource(staff, { type: 'room' }), await api.patient()]
    const soon = Temporal.Now.instant().add({ minutes: 5 }).toString()
    const held = async (from: number) => {
      const id = await appointment(from, from + 1, patient_id, soon)
      await take({
        resource_ids: [room.id],
        starts_at: hour(from),
        ends_at: hour(from + 1),
        patient_id: null,
        appointment_id: id,
        held_until: soon,
      })
      return id
    }
    const book = (id: string) => api.rows(sql`update appointments set status = 'booked' where id = ${id}`)
    const [booked, ended, dropped] = [await held(0), await held(2), await held(4)]
    await book(booked)
    await api.rows(
      sql`update resource_reservations set held_until = now() - interval '1 second' where appointment_id = ${ended}`,
    )
    assert.deepEqual(await taken(room), [
      [room.id, hour(0), hour(1)],
      [room.id, hour(4), hour(5)],
    ])
    await api.rows(sql`delete from appointments where id = ${dropped}`)
    await reserve(room, 2, 3)
    await assert.rejects(book(ended), violating('resource_reservations_free'))
    const { items } = await list(staff, room)
    assert.deepEqual(
      items.map((item) => [item.starts_at, item.patient_id]),
      [
        [hour(0), patient_id],
        [hour(2), null],
      ],
    )
  })

  it('is taken only while all lanes are, and always where it is retired', async () => {
    const [wide, retired] = [
      await makeResource(staff, { type: 'room', lanes: 2 }),
      await makeResource(staff, { type: 'room' }),
    ]
    await reserve(wide, 0, 3)
    assert.deepEqual(await taken(wide), [])
    await reserve(wide, 1, 2)
    await reserve(wide, 2, 5)
    assert.deepEqual(await taken(wide), [[wide.id, hour(1), hour(3)]])
    await staff.call(resourceApi.setStatus, { ...of(retired), body: { status: 'retired' } })
    assert.deepEqual(await taken(retired), [[retired.id, hour(-24), hour(48)]])
  })
})
