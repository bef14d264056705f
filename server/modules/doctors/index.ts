// Doctors, when they can be booked, and their free slots.
import type { Module } from '#platform/module.ts'
import { doctorRoutes } from './doctor.routes.ts'

export { type Calendars, createCalendars } from './calendars.ts'
export type { Calendar } from './doctor.store.ts'
export { findNearestSlots } from './slot.service.ts'
export { bookingHorizonDays, defaultHours, instantText, slotAt, type TimeRange } from './slots.ts'

export const doctors: Module = {
  name: 'doctors',
  open: async () => ({ routes: doctorRoutes() }),
}
