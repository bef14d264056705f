// For tests: a department with its people, patients who came, and appointments that begin now.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { mondayAt } from '../appointments/hospital.testing.ts'
import type { Person, TestApi } from '../../testing.ts'
import { type Visit, visitApi, type VisitStatus } from './visit.contract.ts'

export type Clinic = Awaited<ReturnType<typeof startClinic>>

export async function startClinic(api: TestApi) {
  const department_id = await api.department()
  const doctor = await api.person('doctor', { doctor: true, department_id })
  const nurse = await api.person('nurse', { department_id })
  return { department_id, doctor, doctor_id: doctor.doctor_id ?? '', nurse }
}

export function openVisit(who: Person, patient_id: string, body: Record<string, unknown> = {}): Promise<Visit> {
  return who.call(visitApi.open, { body: { patient_id, ...body } })
}

export function become(who: Person, { id }: { id: string }, ...statuses: VisitStatus[]): Promise<Visit | undefined> {
  return statuses.reduce<Promise<Visit | undefined>>(async (before, status) => {
    await before
    return who.call(visitApi.setStatus, { params: { visit_id: id }, body: { status } })
  }, Promise.resolve(undefined))
}

/** An appointment at which the patient has arrived. */
export async function confirmedAppointment({ doctor, doctor_id }: Clinic, patient_id: string) {
  const body = { doctor_id, patient_id, appointment_time: mondayAt('09:00', 1 + (weeks += 1)) }
  const booked = await doctor.call(appointmentApi.book, { body })
  const params = { appointment_id: booked.id }
  await doctor.call(appointmentApi.setStatus, { params, body: { status: 'confirmed' } })
  return { id: booked.id, params, booked, checkIn: () => checkIn(doctor, booked.id) }
}
let weeks = 0

function checkIn(who: Person, appointment_id: string) {
  return who.call(appointmentApi.setStatus, { params: { appointment_id }, body: { status: 'checked_in' } })
}

/** Ties a patient to a department as their registration would. */
export function registerIn(api: TestApi, patient_id: string, department_id: string) {
  return api.rows(sql`
    insert into care_relationships (id, patient_id, department_id, origin, origin_id)
    values (${randomUUIDv7()}, ${patient_id}, ${department_id}, 'registration', ${patient_id})`)
}
