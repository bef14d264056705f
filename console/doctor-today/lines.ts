// The doctor's own appointments and visits of a day, put together: one line for each person.
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Visit } from '#contracts/visits/visit'
import { standing } from '../day-calendar/standing.ts'

export type Line = { key: string; patient_id: string; appointment: Appointment | undefined; visit: Visit | undefined }

/** Whoever is with the doctor first, then who is ready, then the others by the time of their appointment. */
const order: Partial<Record<Visit['status'], number>> = { in_progress: 0, triaged: 1, registered: 2, admitted: 4 }
const placeOf = ({ visit }: Line) => (visit ? (order[visit.status] ?? 3) : 3)
const startOf = ({ appointment, visit }: Line) => appointment?.appointment_time ?? visit?.opened_at ?? ''
const sorted = (lines: Line[]) =>
  lines.toSorted((one, other) => placeOf(one) - placeOf(other) || startOf(one).localeCompare(startOf(other)))

export function linesOf(appointments: readonly Appointment[], visits: readonly Visit[]): Line[] {
  const byAppointment = new Map(
    visits.flatMap((visit) => (visit.appointment_id ? [[visit.appointment_id, visit]] : [])),
  )
  const booked = standing(appointments)
    .filter(({ status }) => status !== 'held')
    .map((appointment) => ({
      key: appointment.id,
      patient_id: appointment.patient_id,
      appointment,
      visit: byAppointment.get(appointment.id),
    }))
  const ids = new Set(booked.map(({ key }) => key))
  const others = visits
    .filter(({ appointment_id }) => appointment_id === null || !ids.has(appointment_id))
    .map((visit) => ({ key: visit.id, patient_id: visit.patient_id, appointment: undefined, visit }))
  return sorted([...booked, ...others])
}
