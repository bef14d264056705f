// The doctor's own appointments and visits of a day, put together: one line for each person.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { type Visit, visitApi } from '#contracts/visits/visit'
import { readAll, standing } from '../day-calendar/day.ts'

export type Line = { key: string; patient_id: string; appointment: Appointment | undefined; visit: Visit | undefined }

const limit = '100'

export function useMyAppointments(doctor_id: string, date: string) {
  return useQuery({
    queryKey: ['appointments', 'doctor', doctor_id, date],
    queryFn: () =>
      readAll<Appointment>((cursor) =>
        call(appointmentApi.listOfDoctor, { params: { doctor_id }, query: { date, limit, ...(cursor && { cursor }) } }),
      ),
  })
}

export function useMyVisits(doctor_id: string) {
  return useQuery({
    queryKey: ['visits', 'doctor', doctor_id],
    queryFn: () =>
      readAll<Visit>((cursor) =>
        call(visitApi.list, { query: { doctor_id, status: 'open', limit, ...(cursor && { cursor }) } }),
      ),
  })
}

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
