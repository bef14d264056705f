// Appointments: one doctor and one patient at one time, never two.
import type { Module } from '#platform/module.ts'
import { createCalendars } from '#modules/doctors'
import { appointmentRoutes } from './appointment.routes.ts'
import { timeOffRoutes } from './time-off.routes.ts'

export { calendarText } from './icalendar.ts'

export const appointments: Module = {
  name: 'appointments',
  open: async () => ({ routes: [...appointmentRoutes(createCalendars()), ...timeOffRoutes()] }),
}
