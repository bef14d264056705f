// Where an appointment can go from where it is.
import type { AppointmentStatus } from './appointment-record.contract.ts'

export const transitions: Readonly<Record<AppointmentStatus, readonly AppointmentStatus[]>> = {
  // Booking with it makes it booked; else it ends by itself. It is no appointment whose state is set.
  held: [],
  booked: ['confirmed', 'cancelled', 'no_show'],
  confirmed: ['checked_in', 'cancelled', 'no_show'],
  checked_in: ['in_progress', 'cancelled'],
  in_progress: ['completed'],
  completed: [],
  cancelled: [],
  no_show: [],
}

/** Only what has not begun can be moved. */
export const movable: readonly AppointmentStatus[] = ['held', 'booked', 'confirmed']

/** What patients may set on their own. */
export const ofPatients: readonly AppointmentStatus[] = ['confirmed', 'cancelled']
