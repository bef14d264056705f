// The doctor's own appointments and visits of a day.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { type Visit, visitApi } from '#contracts/visits/visit'
import { readAll } from '../day-calendar/day.ts'

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
