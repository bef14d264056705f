// Appointments: one doctor and one patient at one time, never two.
import type { Module } from '#platform/module.ts'
import { createCalendars } from '#modules/doctors'
import { appointmentRoutes } from './appointment.routes.ts'
import { endHolds, holdSchedule, markNoShows, noShowSchedule } from './housekeeping.ts'
import { icalendarRoutes } from './icalendar.routes.ts'
import { timeOffRoutes } from './time-off.routes.ts'

export { appointmentTimeline } from './appointment-timeline.ts'
export { calendarOf, calendarText } from './icalendar.ts'
export { bookHeldTime, giveBackKept, holdForPatient, keepForNextPatient } from './offered-time.ts'
export { mayBookWith, slotOf, slotPriority } from './slot-choice.ts'
export { patientOf } from './booking.service.ts'
export { appointmentFollows } from './visit-follow.service.ts'

export const appointments: Module = {
  name: 'appointments',
  async open(system, jobs) {
    jobs.schedule(holdSchedule, ({ signal }) => endHolds(system, signal))
    jobs.schedule(noShowSchedule, ({ signal }) => markNoShows(system, signal))
    return { routes: [...appointmentRoutes(createCalendars()), ...timeOffRoutes(), ...icalendarRoutes()] }
  },
}
