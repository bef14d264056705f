// What appointments are to a calendar, by their status and their time.
import type { Appointment } from '#contracts/appointments/appointment-record'

/** Appointments that still hold their time: what was cancelled or not kept is not in the way of anybody. */
export function standing(appointments: readonly Appointment[]): Appointment[] {
  return appointments.filter(({ status }) => status !== 'cancelled' && status !== 'no_show')
}

/** What a check-in waits for. */
export function isExpected({ status }: Appointment): boolean {
  return status === 'booked' || status === 'confirmed'
}

/** Ids come from the server in order of time: sorted by start, then id. */
export function byTime(a: Appointment, b: Appointment): number {
  return a.appointment_time.localeCompare(b.appointment_time) || a.id.localeCompare(b.id)
}
