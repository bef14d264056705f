import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, type Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { appointmentApi, resourceTaken, resourceUnknown, slotTaken } from './appointment.contract.ts'
import { holdApi } from './hold.contract.ts'
import { makePatient, makePatients, mondayAt, overlaps } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
const aRoom = async () => (await makeResource(staff, { type: 'room' })).id
async function book(
  doctor_id: string,
  time: string,
  more: { resource_ids?: string[]; hold_id?: string; patient_id?: string },
) {
  const body = { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt(time), ...more }
  return staff.call(appointmentApi.book, { body })
}
const reserved = async (id: string) => {
  const rows = await api.rows<{ resource_id: string; starts_at: Date }>(sql`
    select resource_id, lower(during) as starts_at from resource_reservations
     where appointment_id = ${id} and cancelled_at is null order by resource_id`)
  return rows.map(({ resource_id, starts_at }) => [
    resource_id,
    Temporal.Instant.fromEpochMilliseconds(+starts_at).toString(),
  ])
}
const doubleReservations = () =>
  api.rows(sql`
    select from resource_reservations a join resource_reservations b on a.id < b.id and a.resource_id = b.resource_id
       and a.lane = b.lane and a.during && b.during where a.cancelled_at is null and b.cancelled_at is null`)

describe('the resources of an appointment', () => {
  it('are taken with it, shown with it and given back with it', async () => {
    const [doctor_id, other] = [await aDoctor(), await aDoctor()]
    const rooms = [await aRoom(), await aRoom()].toSorted()
    const booked = await book(doctor_id, '09:00', { resource_ids: rooms.toReversed() })
    assert.deepEqual(booked.resource_ids, rooms)
    assert.deepEqual(
      await reserved(booked.id),
      rooms.map((room) => [room, mondayAt('09:00')]),
    )
    const params = { appointment_id: booked.id }
    assert.deepEqual(await staff.call(appointmentApi.get, { params }), booked)
    const cancelled = await staff.call(appointmentApi.cancel, { params, body: undefined })
    assert.deepEqual(cancelled.resource_ids, [])
    assert.deepEqual(await reserved(booked.id), [])
    await book(other, '09:00', { resource_ids: rooms })
  })

  it('refuse all of it where one of them is taken, with times at which all are free', async () => {
    const [doctor_id, other] = [await aDoctor(), await aDoctor()]
    const [free, taken] = [await aRoom(), await aRoom()]
    await book(other, '09:00', { resource_ids: [taken] })
    await book(other, '09:30', { resource_ids: [taken] })
    const patient_id = await makePatient(api)
    await assert.rejects(book(doctor_id, '09:00', { resource_ids: [free, taken], patient_id }), (error) => {
      const { nearest_slots } = (error as Problem).members as { nearest_slots: { start: string }[] }
      const starts = nearest_slots.map(({ start }) => start)
      assert.ok(!starts.includes(mondayAt('09:00')) && !starts.includes(mondayAt('09:30')))
      return refusedWith(resourceTaken)(error) && starts.includes(mondayAt('10:00'))
    })
    const traces = await api.rows(sql`
      select 'appointment' from appointments where patient_id = ${patient_id}
      union all select 'reservation' from resource_reservations where patient_id = ${patient_id}
      union all select action from audit_logs where patient_id = ${patient_id} and action = 'appointment.book'`)
    assert.deepEqual(traces, [])
    await book(doctor_id, '09:00', { resource_ids: [free], patient_id })
  })

  it('move with it, or it stays where it is', async () => {
    const [doctor_id, other] = [await aDoctor(), await aDoctor()]
    const room = await aRoom()
    const { id } = await book(doctor_id, '09:00', { resource_ids: [room] })
    await book(other, '10:00', { resource_ids: [room] })
    const move = (time: string, more: { resource_ids?: string[]; doctor_id?: string } = {}) =>
      staff.call(appointmentApi.reschedule, {
        params: { appointment_id: id },
        body: { appointment_time: mondayAt(time), ...more },
      })
    await assert.rejects(move('10:00'), refusedWith(resourceTaken))
    assert.deepEqual(await reserved(id), [[room, mondayAt('09:00')]])
    assert.deepEqual((await move('11:00')).resource_ids, [room])
    assert.deepEqual(await reserved(id), [[room, mondayAt('11:00')]])
    const another = await aRoom()
    assert.deepEqual((await move('10:00', { resource_ids: [another] })).resource_ids, [another])
    assert.deepEqual(await reserved(id), [[another, mondayAt('10:00')]])
    assert.deepEqual((await move('10:30', { resource_ids: [], doctor_id: other })).resource_ids, [])
    assert.deepEqual(await reserved(id), [])
  })

  it('may be held with a time, stay with it when it is booked, or be exchanged then', async () => {
    const [doctor_id, other] = [await aDoctor(), await aDoctor()]
    const [room, another] = [await aRoom(), await aRoom()]
    const hold = (time: string) =>
      staff.call(holdApi.make, { body: { doctor_id, appointment_time: mondayAt(time), resource_ids: [room] } })
    const held = await hold('09:00')
    await assert.rejects(book(other, '09:00', { resource_ids: [room] }), refusedWith(resourceTaken))
    const booked = await book(doctor_id, '09:00', { hold_id: held.id })
    assert.deepEqual(booked.resource_ids, [room])
    await assert.rejects(hold('09:00'), refusedWith(slotTaken))
    const second = await hold('09:30')
    const exchanged = await book(doctor_id, '09:30', { hold_id: second.id, resource_ids: [another] })
    assert.deepEqual(exchanged.resource_ids, [another])
    await book(other, '09:30', { resource_ids: [room] })
    await assert.rejects(hold('09:30'), (error) => refusedWith(slotTaken)(error) || refusedWith(resourceTaken)(error))
    const third = await hold('11:00')
    await staff.call(holdApi.release, { params: { hold_id: third.id } })
    await book(other, '11:00', { resource_ids: [room] })
  })

  it('are named once, exist, and are for those who may take them', async () => {
    const doctor_id = await aDoctor()
    const room = await aRoom()
    await assert.rejects(
      book(doctor_id, '09:00', { resource_ids: [room, room] }),
      refusedWith(invalidRequest, '/body/resource_ids'),
    )
    await assert.rejects(book(doctor_id, '09:00', { resource_ids: [doctor_id] }), refusedWith(resourceUnknown))
    const patient = await api.person('patient', { patient_id: await makePatient(api) })
    await assert.rejects(
      patient.call(appointmentApi.book, {
        body: { doctor_id, appointment_time: mondayAt('09:00'), resource_ids: [room] },
      }),
      refusedWith(forbidden),
    )
  })

  it('of a hundred who want one room with twenty doctors at once go to one, and nobody waits for long', async () => {
    const doctors = await Promise.all(Array.from({ length: 20 }, aDoctor))
    const patients = await makePatients(api, 100)
    const room = await aRoom()
    const answers = await Promise.allSettled(
      patients.map((patient_id, at) => book(doctors[at % 20] ?? '', '09:00', { resource_ids: [room], patient_id })),
    )
    const codes = answers.map((answer) =>
      answer.status === 'fulfilled' ? 'booked' : (answer.reason as Problem).kind?.code,
    )
    assert.equal(codes.filter((code) => code === 'booked').length, 1)
    assert.deepEqual(
      new Set(codes),
      new Set(['booked', 'resource_taken', 'slot_taken'].filter((code) => codes.includes(code))),
    )
    assert.deepEqual([await overlaps(api), await doubleReservations()], [[], []])
  })

  it('go to one of those who move there at once', async () => {
    const doctors = await Promise.all(Array.from({ length: 8 }, aDoctor))
    const rooms = await Promise.all([aRoom(), aRoom()])
    const times = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30', '12:00', '12:30']
    const made = await Promise.all(
      doctors.map((doctor_id, at) => book(doctor_id, times[at] ?? '', { resource_ids: [rooms[at % 2] ?? ''] })),
    )
    const outcomes = await Promise.allSettled(
      [1, 3, 5].flatMap((step) =>
        made.map(({ id }, at) =>
          staff.call(appointmentApi.reschedule, {
            params: { appointment_id: id },
            body: { appointment_time: mondayAt(times[(at + step) % 8] ?? '') },
          }),
        ),
      ),
    )
    const refusals = outcomes.flatMap((answer) =>
      answer.status === 'rejected' ? [(answer.reason as Problem).kind?.status] : [],
    )
    assert.deepEqual(
      refusals.filter((status) => status !== 409),
      [],
    )
    assert.deepEqual([await overlaps(api), await doubleReservations()], [[], []])
    for (const { id } of made) {
      const [appointment, reservations] = [
        await staff.call(appointmentApi.get, { params: { appointment_id: id } }),
        await reserved(id),
      ]
      assert.deepEqual(reservations, [[appointment.resource_ids[0], appointment.appointment_time]])
    }
  })
})
