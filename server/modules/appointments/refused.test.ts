// What a booking or a change comes to when what it stands on changes under it: the calendar, the key, the right to it.
import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { conflict, forbidden, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi, patientBusy, slotTaken } from './appointment.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  // Stands for a calendar that has always changed by the time that it is judged again.
  await api.rows(sql`create table unsettled (doctor_id uuid primary key)`)
  await api.rows(sql`grant select on unsettled to openward_app`)
  await api.rows(sql`
    create function refuse_unsettled() returns trigger language plpgsql as $$
    begin return case when exists (select from unsettled u where u.doctor_id = new.doctor_id) then null else new end; end $$`)
  await api.rows(sql`
    create trigger refuse_unsettled before insert or update on appointments for each row execute function refuse_unsettled()`)
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async (department_id?: string) => {
  const doctor = await api.person('doctor', { doctor: true, ...(department_id ? { department_id } : {}) })
  return { ...doctor, doctor_id: doctor.doctor_id ?? '' }
}
const book = (doctor_id: string, time: string, more: { patient_id?: string; reason?: string } = {}) =>
  makePatient(api).then((patient_id) =>
    staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time), ...more } }),
  )
const on = ({ id }: { id: string }) => ({ params: { appointment_id: id } })
const unsettle = (doctor_id: string) => api.rows(sql`insert into unsettled values (${doctor_id})`)

describe('a calendar that changes each time that it is judged', () => {
  it('is booked by nobody, who may try again', async () => {
    const { doctor_id } = await aDoctor()
    await unsettle(doctor_id)
    await assert.rejects(book(doctor_id, '09:00'), refusedWith(conflict))
    assert.deepEqual(await api.rows(sql`select from appointments where doctor_id = ${doctor_id}`), [])
  })

  it('takes no appointment from elsewhere, which stays where it is', async () => {
    const [first, second] = [await aDoctor(), await aDoctor()]
    const booked = await book(first.doctor_id, '09:00')
    await unsettle(second.doctor_id)
    const body = { doctor_id: second.doctor_id, appointment_time: mondayAt('10:00') }
    await assert.rejects(staff.call(appointmentApi.reschedule, { ...on(booked), body }), refusedWith(conflict))
    assert.deepEqual(await staff.call(appointmentApi.get, on(booked)), booked)
  })
})

describe('moving an appointment', () => {
  it('is refused to a time that the doctor or the patient has given to another', async () => {
    const [first, second] = [await aDoctor(), await aDoctor()]
    const booked = await book(first.doctor_id, '09:00')
    await book(first.doctor_id, '10:00')
    await book(second.doctor_id, '11:00', { patient_id: booked.patient_id })
    const move = (time: string) =>
      staff.call(appointmentApi.reschedule, { ...on(booked), body: { appointment_time: mondayAt(time) } })
    await assert.rejects(move('10:00'), refusedWith(slotTaken))
    await assert.rejects(move('11:00'), refusedWith(patientBusy))
  })
})

describe('an appointment of somebody whose key was destroyed', () => {
  it('is shown and changed without a word of what was said', async () => {
    const booked = await book((await aDoctor()).doctor_id, '09:00', { reason: 'a cough' })
    const moved = await staff.call(appointmentApi.reschedule, {
      ...on(booked),
      body: { appointment_time: mondayAt('09:30'), reason: 'a meeting' },
    })
    await api.rows(sql`update patient_keys set wrapped = null where patient_id = ${booked.patient_id}`)
    assert.deepEqual(await staff.call(appointmentApi.get, on(booked)), { ...moved, reason: null })
    const body = { appointment_time: mondayAt('10:00') }
    const reasoned = { ...on(booked), body: { ...body, reason: 'another meeting' } }
    await assert.rejects(staff.call(appointmentApi.reschedule, reasoned), refusedWith(forbidden))
    const again = await staff.call(appointmentApi.reschedule, { ...on(booked), body })
    assert.deepEqual([again.appointment_time, again.reason], [mondayAt('10:00'), null])
    const gone = staff.call(appointmentApi.cancel, { ...on(booked), body: { reason: 'gone' } })
    await assert.rejects(gone, refusedWith(forbidden))
    const cancelled = await staff.call(appointmentApi.cancel, { ...on(booked), body: {} })
    assert.deepEqual([cancelled.status, cancelled.cancel_reason], ['cancelled', null])
    const { items } = await staff.call(appointmentApi.history, on(booked))
    assert.deepEqual(
      items.map(({ to_status, reason }) => [to_status, reason]),
      [
        ['booked', null],
        ['booked', null],
        ['booked', null],
        ['cancelled', null],
      ],
    )
  })

  it('is not made where something had to be sealed', async () => {
    const patient_id = await makePatient(api)
    await api.rows(sql`update patient_keys set wrapped = null where patient_id = ${patient_id}`)
    const { doctor_id } = await aDoctor()
    await assert.rejects(book(doctor_id, '09:00', { patient_id, reason: 'a cough' }), refusedWith(notFound))
    await assert.rejects(book(doctor_id, '09:00', { patient_id: randomUUIDv7(), reason: 'x' }), refusedWith(notFound))
    assert.deepEqual(await api.rows(sql`select from appointments where doctor_id = ${doctor_id}`), [])
  })
})

describe('who may change appointments but not cancel them', () => {
  it('does not cancel them by their status either', async () => {
    await api.rows(sql`
      insert into roles (name, permissions) values ('front_desk', array['appointments:read', 'appointments:update'])`)
    const desk = await api.person('front_desk')
    const booked = await book((await aDoctor()).doctor_id, '09:00')
    const set = (status: 'cancelled' | 'confirmed') =>
      desk.call(appointmentApi.setStatus, { ...on(booked), body: { status } })
    await assert.rejects(set('cancelled'), refusedWith(forbidden))
    assert.equal((await set('confirmed')).status, 'confirmed')
  })
})
