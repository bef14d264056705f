import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { slotApi } from '../doctors/slot.contract.ts'
import { makeResource } from '../resources/ward.testing.ts'
import {
  appointmentApi,
  holdEnded,
  patientBusy,
  patientMissing,
  resourceTaken,
  resourceUnknown,
  slotTaken,
} from './appointment.contract.ts'
import { holdApi, mostHolds, tooManyHolds } from './hold.contract.ts'
import { makePatient, makePatients, mondayAt, overlaps } from './hospital.testing.ts'

let api: TestApi
let staff: Person
let other: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  other = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
const aPatient = async () => api.person('patient', { patient_id: await makePatient(api) })
const hold = (person: Person, body: { doctor_id: string; appointment_time: string; patient_id?: string }) =>
  person.call(holdApi.make, { body })
const end = (id: string) =>
  api.rows(sql`update appointments set held_until = now() - interval '1 second' where id = ${id}`)
const startsOf = async (doctor_id: string) => {
  const day = mondayAt('09:00').slice(0, 10)
  const { items } = await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query: { from: day, to: day } })
  return items.map(({ start }) => start)
}

describe('a held time', () => {
  it('is offered to nobody and booked by nobody else, and is nobody’s appointment', async () => {
    const doctor_id = await aDoctor()
    const appointment_time = mondayAt('09:00')
    const held = await hold(staff, { doctor_id, appointment_time })
    assert.deepEqual([held.patient_id, held.duration_minutes, held.appointment_time], [null, 30, appointment_time])
    const lasts_ms = Date.parse(held.held_until) - Temporal.Now.instant().epochMilliseconds
    assert.ok(lasts_ms > 240_000 && lasts_ms < 301_000)
    assert.ok(!(await startsOf(doctor_id)).includes(appointment_time))
    const patient_id = await makePatient(api)
    for (const person of [other, staff]) {
      await assert.rejects(
        person.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time } }),
        refusedWith(slotTaken),
      )
    }
    await assert.rejects(hold(other, { doctor_id, appointment_time }), refusedWith(slotTaken))
    const { items } = await staff.call(appointmentApi.listOfDoctor, { params: { doctor_id }, query: {} })
    assert.deepEqual(items, [])
    const params = { appointment_id: held.id }
    await assert.rejects(staff.call(appointmentApi.get, { params }), refusedWith(notFound))
    await assert.rejects(staff.call(appointmentApi.cancel, { params, body: undefined }), refusedWith(notFound))
    await assert.rejects(
      staff.call(appointmentApi.reschedule, { params, body: { appointment_time: mondayAt('10:00') } }),
      refusedWith(notFound),
    )
  })

  it('becomes the appointment in its place, by booking with it', async () => {
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    const appointment_time = mondayAt('09:00')
    const held = await hold(staff, { doctor_id, appointment_time })
    const body = { doctor_id, patient_id, appointment_time, hold_id: held.id, reason: 'a cough' }
    const booked = await staff.call(appointmentApi.book, { body })
    assert.deepEqual(
      [booked.id, booked.status, booked.patient_id, booked.reason],
      [held.id, 'booked', patient_id, 'a cough'],
    )
    assert.deepEqual(await staff.call(appointmentApi.get, { params: { appointment_id: held.id } }), booked)
    const history = await staff.call(appointmentApi.history, { params: { appointment_id: held.id } })
    assert.deepEqual(
      history.items.map(({ from_status, to_status }) => [from_status, to_status]),
      [['held', 'booked']],
    )
    const traces = await api.rows<{ what: string }>(sql`
      select action as what from audit_logs where resource_id = ${held.id} and action <> 'appointment.read'
      union all select type from events where subject_id = ${held.id}
      union all select origin from care_relationships where origin_id = ${held.id}`)
    assert.deepEqual(traces.map(({ what }) => what).toSorted(), [
      'appointment',
      'appointment.book',
      'appointment.booked',
      'hold.make',
    ])
    await assert.rejects(staff.call(appointmentApi.book, { body }), refusedWith(holdEnded))
  })

  it('is converted by nobody but its maker, for its own time, before it ends', async () => {
    const doctor_id = await aDoctor()
    const patient_id = await makePatient(api)
    const appointment_time = mondayAt('09:00')
    const { id: hold_id } = await hold(staff, { doctor_id, appointment_time })
    const body = { doctor_id, patient_id, appointment_time, hold_id }
    const refused = (person: Person, asked: typeof body) =>
      assert.rejects(person.call(appointmentApi.book, { body: asked }), refusedWith(holdEnded))
    await refused(other, body)
    await refused(staff, { ...body, appointment_time: mondayAt('09:30') })
    await refused(staff, { ...body, doctor_id: await aDoctor() })
    await end(hold_id)
    await refused(staff, body)
    const booked = await staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time } })
    assert.notEqual(booked.id, hold_id)
  })

  it('that has ended is offered again and is booked by the next, while its row is still there', async () => {
    const doctor_id = await aDoctor()
    const [patient_id = '', second = ''] = await makePatients(api, 2)
    const appointment_time = mondayAt('09:00')
    const { id } = await hold(staff, { doctor_id, patient_id, appointment_time })
    await end(id)
    assert.ok((await startsOf(doctor_id)).includes(appointment_time))
    // In the way as the doctor's time, as the patient's, and of a move.
    await other.call(appointmentApi.book, { body: { doctor_id: await aDoctor(), patient_id, appointment_time } })
    const moved = await other.call(appointmentApi.book, {
      body: { doctor_id, patient_id: second, appointment_time: mondayAt('10:00') },
    })
    const again = await hold(staff, { doctor_id, appointment_time })
    await end(again.id)
    await other.call(appointmentApi.reschedule, { params: { appointment_id: moved.id }, body: { appointment_time } })
    assert.deepEqual(await api.rows(sql`select from appointments where id = any (${[id, again.id]}::uuid[])`), [])
    const third = await hold(staff, { doctor_id, appointment_time: mondayAt('10:00') })
    await end(third.id)
    await hold(other, { doctor_id, appointment_time: mondayAt('10:00') })
  })

  it('is free at once when it is given back, by its maker only', async () => {
    const doctor_id = await aDoctor()
    const appointment_time = mondayAt('09:00')
    const { id } = await hold(staff, { doctor_id, appointment_time })
    await assert.rejects(other.call(holdApi.release, { params: { hold_id: id } }), refusedWith(notFound))
    await staff.call(holdApi.release, { params: { hold_id: id } })
    await assert.rejects(staff.call(holdApi.release, { params: { hold_id: id } }), refusedWith(notFound))
    assert.ok((await startsOf(doctor_id)).includes(appointment_time))
    const told = await api.rows<{ payload: object }>(
      sql`select payload from events where type = 'hold.ended' and subject_id = ${id}`,
    )
    assert.deepEqual(told, [{ payload: { doctor_id, appointment_time } }])
    const booked = await staff.call(appointmentApi.book, {
      body: { doctor_id, appointment_time, patient_id: await makePatient(api) },
    })
    await assert.rejects(staff.call(holdApi.release, { params: { hold_id: booked.id } }), refusedWith(notFound))
  })

  it('is for oneself where one may not find others, and needs no more than one’s own doctor for a doctor', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const doctor_id = doctor.doctor_id ?? ''
    const patient = await aPatient()
    const appointment_time = mondayAt('09:00')
    const held = await hold(patient, { doctor_id, appointment_time })
    assert.equal(held.patient_id, patient.patient_id)
    await assert.rejects(
      hold(patient, { doctor_id, appointment_time: mondayAt('09:30'), patient_id: await makePatient(api) }),
      refusedWith(notFound),
    )
    await assert.rejects(hold(patient, { doctor_id: await aDoctor(), appointment_time }), refusedWith(slotTaken))
    const booked = await patient.call(appointmentApi.book, {
      body: { doctor_id, appointment_time, hold_id: held.id },
    })
    assert.equal(booked.patient_id, patient.patient_id)
    assert.equal((await hold(doctor, { doctor_id, appointment_time: mondayAt('10:00') })).patient_id, null)
    await assert.rejects(hold(doctor, { doctor_id: await aDoctor(), appointment_time }), refusedWith(notFound))
    const nobody = await api.person('patient')
    await assert.rejects(hold(nobody, { doctor_id, appointment_time }), refusedWith(patientMissing))
    await assert.rejects(hold(await api.person('auditor'), { doctor_id, appointment_time }), refusedWith(forbidden))
  })

  it('gets a patient who is free then, and stays held where they are not', async () => {
    const [doctor_id, elsewhere] = [await aDoctor(), await aDoctor()]
    const patient_id = await makePatient(api)
    const appointment_time = mondayAt('09:00')
    await staff.call(appointmentApi.book, { body: { doctor_id: elsewhere, patient_id, appointment_time } })
    const { id: hold_id } = await hold(staff, { doctor_id, appointment_time })
    const body = { doctor_id, appointment_time, hold_id }
    await assert.rejects(staff.call(appointmentApi.book, { body: { ...body, patient_id } }), refusedWith(patientBusy))
    const booked = await staff.call(appointmentApi.book, { body: { ...body, patient_id: await makePatient(api) } })
    assert.equal(booked.id, hold_id)
  })

  it('is one of a few, also for somebody who asks many times at once', async () => {
    const doctor_id = await aDoctor()
    const patient = await aPatient()
    const times = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30', '12:00', '12:30'].map((time) => mondayAt(time))
    const answers = await Promise.allSettled(
      times.map((appointment_time) => hold(patient, { doctor_id, appointment_time })),
    )
    const held = answers.filter(({ status }) => status === 'fulfilled')
    const refused = answers.filter((answer) => answer.status === 'rejected' && refusedWith(tooManyHolds)(answer.reason))
    assert.deepEqual([held.length, refused.length], [mostHolds.own, times.length - mostHolds.own])
    const [first] = await api.rows<{ id: string }>(
      sql`select id from appointments where doctor_id = ${doctor_id} and status = 'held'`,
    )
    await end(first?.id ?? '')
    await hold(patient, { doctor_id, appointment_time: mondayAt('13:00') })
  })

  it('is not held without the room that it is asked with, and says when both are free', async () => {
    const [doctor_id, elsewhere] = [await aDoctor(), await aDoctor()]
    const room = (await makeResource(staff, { type: 'room' })).id
    const body = { doctor_id, appointment_time: mondayAt('09:00'), resource_ids: [room] }
    await staff.call(holdApi.make, { body: { ...body, doctor_id: elsewhere } })
    await assert.rejects(staff.call(holdApi.make, { body }), (error) => {
      const { nearest_slots } = (error as Problem).members as { nearest_slots: { start: string }[] }
      const starts = nearest_slots.map(({ start }) => start)
      return (
        refusedWith(resourceTaken)(error) && !starts.includes(mondayAt('09:00')) && starts.includes(mondayAt('09:30'))
      )
    })
    const unknown = { ...body, resource_ids: [crypto.randomUUID()] }
    await assert.rejects(staff.call(holdApi.make, { body: unknown }), refusedWith(resourceUnknown))
    assert.deepEqual(await api.rows(sql`select from appointments where doctor_id = ${doctor_id}`), [])
  })

  it('takes no capacity that the caller makes up', async () => {
    const doctor_id = await aDoctor()
    const body = { doctor_id, appointment_time: mondayAt('09:00') }
    for (const forged of [{ held_until: mondayAt('10:00') }, { minutes: 600 }, { lane: 1 }, { during: '[,)' }]) {
      await assert.rejects(
        hold(staff, { ...body, ...forged }),
        refusedWith(invalidRequest, `/body/${Object.keys(forged)[0]}`),
      )
    }
  })
})

describe('a race for a held time', () => {
  it('of a hundred who hold it gives it to one, whom none of a hundred who book it gets past', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 100)
    const appointment_time = mondayAt('09:00')
    const people = await Promise.all(Array.from({ length: 10 }, () => api.person('staff')))
    const held = await Promise.allSettled(
      patients.map((_, at) => hold(people[at % 10] ?? staff, { doctor_id, appointment_time })),
    )
    const won = held.flatMap((answer, at) => (answer.status === 'fulfilled' ? [{ hold: answer.value, at }] : []))
    assert.equal(won.length, 1)
    const maker = people[(won[0]?.at ?? 0) % 10] ?? staff
    const hold_id = won[0]?.hold.id ?? ''
    const body = { doctor_id, appointment_time }
    const answers = await Promise.allSettled(
      patients.map((patient_id, at) =>
        at % 2 === 0
          ? maker.call(appointmentApi.book, { body: { ...body, patient_id, hold_id } })
          : other.call(appointmentApi.book, { body: { ...body, patient_id } }),
      ),
    )
    const booked = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.id] : []))
    const others = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [(answer.reason as Problem).kind?.status] : [],
    )
    assert.deepEqual([booked, new Set(others)], [[hold_id], new Set([409])])
    assert.deepEqual(await overlaps(api), [])
  })

  it('that has ended gives it to one of many', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 40)
    const appointment_time = mondayAt('09:00')
    await end((await hold(staff, { doctor_id, appointment_time })).id)
    const answers = await Promise.allSettled(
      patients.map((patient_id) =>
        other.call(appointmentApi.book, { body: { doctor_id, appointment_time, patient_id } }),
      ),
    )
    const statuses = answers.map((answer) =>
      answer.status === 'fulfilled' ? 201 : (answer.reason as Problem).kind?.status,
    )
    assert.deepEqual(
      [statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 409).length],
      [1, 39],
    )
  })
})
