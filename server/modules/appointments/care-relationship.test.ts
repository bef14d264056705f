// Who reaches a record because of an appointment, and for how long.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { appointmentApi } from './appointment.contract.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { mondayAt } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

/** A doctor and a nurse of one department. */
async function team() {
  const department_id = await api.department()
  const doctor = await api.person('doctor', { doctor: true, department_id })
  return {
    department_id,
    doctor,
    doctor_id: doctor.doctor_id ?? '',
    nurse: await api.person('nurse', { department_id }),
  }
}
const on = ({ id }: Appointment) => ({ params: { appointment_id: id } })
const read = (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })

describe('the reach that an appointment gives', () => {
  it('ends with its cancellation, whoever cancels', async () => {
    const { doctor, doctor_id, nurse } = await team()
    const patient_id = await api.patient()
    const patient = await api.person('patient', { patient_id })
    for (const canceller of [nurse, doctor, staff, patient]) {
      const body = { doctor_id, patient_id, appointment_time: mondayAt('09:00') }
      const booked = await nurse.call(appointmentApi.book, { body })
      for (const reader of [nurse, doctor]) assert.equal((await read(reader, patient_id)).id, patient_id)
      await canceller.call(appointmentApi.cancel, { ...on(booked), body: {} })
      for (const reader of [nurse, doctor]) await assert.rejects(read(reader, patient_id), refusedWith(notFound))
    }
    assert.deepEqual(await api.rows(sql`select from care_relationships where patient_id = ${patient_id}`), [])
  })

  it('goes to the other doctor with it, and leaves the first one', async () => {
    const [here, there] = [await team(), await team()]
    const patient_id = await api.patient()
    const body = { doctor_id: here.doctor_id, patient_id, appointment_time: mondayAt('09:00') }
    const booked = await staff.call(appointmentApi.book, { body })
    const moved = { doctor_id: there.doctor_id, appointment_time: mondayAt('10:00') }
    await staff.call(appointmentApi.reschedule, { ...on(booked), body: moved })
    for (const reader of [there.doctor, there.nurse]) assert.equal((await read(reader, patient_id)).id, patient_id)
    for (const reader of [here.doctor, here.nurse])
      await assert.rejects(read(reader, patient_id), refusedWith(notFound))
  })

  it('stays where another appointment, or the registration, gives it too', async () => {
    const { department_id, doctor_id, doctor, nurse } = await team()
    const [met, registered] = [await api.patient(), await api.patient()]
    await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                       values (${registered}, ${department_id}, 'registration', ${registered})`)
    const book = (patient_id: string, time: string) =>
      staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time) } })
    const first = await book(met, '09:00')
    const second = await book(met, '10:00')
    await staff.call(appointmentApi.cancel, { ...on(first), body: {} })
    assert.equal((await read(doctor, met)).id, met)
    await staff.call(appointmentApi.cancel, { ...on(second), body: {} })
    await assert.rejects(read(doctor, met), refusedWith(notFound))
    await staff.call(appointmentApi.cancel, { ...on(await book(registered, '11:00')), body: {} })
    assert.equal((await read(nurse, registered)).id, registered)
  })

  it('stays with what has happened: a completed appointment, and one to which nobody came', async () => {
    const { doctor_id, doctor } = await team()
    for (const status of ['completed', 'no_show']) {
      const patient_id = await api.patient()
      const body = { doctor_id, patient_id, appointment_time: mondayAt(status === 'completed' ? '09:00' : '10:00') }
      const booked = await staff.call(appointmentApi.book, { body })
      await api.rows(sql`update appointments set status = ${status} where id = ${booked.id}`)
      assert.equal((await read(doctor, patient_id)).id, patient_id)
    }
  })

  it('begins with the booking, not while the time is only held', async () => {
    const { doctor_id, doctor } = await team()
    const patient_id = await api.patient()
    const body = { doctor_id, patient_id, appointment_time: mondayAt('09:00') }
    const booked = await staff.call(appointmentApi.book, { body })
    await api.rows(
      sql`update appointments set status = 'held', held_until = now() + interval '1 hour' where id = ${booked.id}`,
    )
    await assert.rejects(read(doctor, patient_id), refusedWith(notFound))
    await api.rows(sql`update appointments set status = 'booked' where id = ${booked.id}`)
    assert.equal((await read(doctor, patient_id)).id, patient_id)
  })

  it('is not lost to a cancellation that happens while another appointment is booked', async () => {
    const { doctor_id, doctor } = await team()
    const patient_id = await api.patient()
    const book = (time: string) =>
      staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time) } })
    let standing = await book('09:00')
    for (const [at, time] of ['10:00', '11:00', '12:00', '13:00', '14:00', '15:00'].entries()) {
      const cancel = () => staff.call(appointmentApi.cancel, { ...on(standing), body: {} })
      const [next] = await Promise.all(at % 2 === 0 ? [book(time), cancel()] : [cancel().then(() => book(time))])
      if (next) standing = next
      assert.equal((await read(doctor, patient_id)).id, patient_id, time)
    }
  })
})
