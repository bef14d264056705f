// Doctors, when they can be booked, and their free slots.
import type { Module } from '#platform/module.ts'
import { createCalendars } from './calendars.ts'
import { doctorRoutes } from './doctor.routes.ts'

export type { Calendar } from './calendar.store.ts'
export { type Calendars, createCalendars } from './calendars.ts'
export { lockFreeSlots } from './free-slots.ts'
export { getScheduleOwner, takeCalendar } from './schedule.service.ts'
export { findNearestSlots, findNearestSlotsToEach } from './slot.service.ts'
export {
  bookingHorizonDays,
  coversTime,
  defaultHours,
  expandHours,
  freeSlots,
  instantText,
  slotAt,
  type TimeRange,
  type WorkingHours,
} from './slots.ts'
export { offeredSlotAt } from './timetable.ts'

export const doctors: Module = {
  name: 'doctors',
  open: async () => ({ routes: doctorRoutes(createCalendars()) }),
}
