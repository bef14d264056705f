// An appointment as it is told, its history, and which of them a list shows.
import { z } from 'zod'
import { Id, Instant, Page, QueryBoolean, ReckonedDate } from '#platform/contract/fields.ts'

export const AppointmentStatus = z.enum([
  'held',
  'booked',
  'confirmed',
  'checked_in',
  'in_progress',
  'completed',
  'cancelled',
  'no_show',
])
export type AppointmentStatus = z.output<typeof AppointmentStatus>
export const AppointmentKind = z.enum(['in_person', 'telemedicine'])
export const AppointmentPriority = z.enum(['routine', 'urgent', 'emergency'])

export const Appointment = z.object({
  id: Id,
  confirmation_code: z.string().meta({ examples: ['APT-20261201-0001'] }),
  patient_id: Id,
  doctor_id: Id,
  appointment_time: Instant.describe('Its start'),
  duration_minutes: z.int(),
  status: AppointmentStatus,
  kind: AppointmentKind,
  priority: AppointmentPriority,
  resource_ids: z.array(Id).describe('Rooms and devices that were taken with it'),
  series_id: Id.nullable(),
  occurrence: z.int().nullable().describe('Its place in the series, from 1'),
  reason: z.string().nullable(),
  notes: z.string().nullable(),
  cancel_reason: z.string().nullable(),
  lane: z
    .int()
    .optional()
    .describe('1 to 3 where the patient was overbooked. For those who book for others, as what follows'),
  overbook_reason: z.string().nullable().optional(),
  consecutive_no_shows: z.int().optional().describe('How often in a row the patient has not come'),
  no_show_flag: z.boolean().optional().describe('Whether that is three times or more'),
  created_by: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Appointment = z.output<typeof Appointment>

const Filters = {
  date: ReckonedDate.optional().describe("A day of the hospital's zone"),
  from: ReckonedDate.optional().describe("A day of the hospital's zone"),
  to: ReckonedDate.optional().describe('Included'),
  status: AppointmentStatus.optional(),
  overbooked: QueryBoolean.optional().describe(
    "true: those that stand beside another one, the day's exceptions. For those who book for others",
  ),
}
export const AppointmentQuery = z.strictObject({
  ...Page,
  doctor_id: Id.optional(),
  patient_id: Id.optional(),
  ...Filters,
})
export type AppointmentQuery = z.output<typeof AppointmentQuery>
export const NarrowedQuery = z.strictObject({ ...Page, ...Filters })

export const AppointmentChange = z.object({
  id: Id,
  appointment_id: Id,
  timestamp: Instant,
  user_id: Id.nullable(),
  from_status: AppointmentStatus.nullable(),
  to_status: AppointmentStatus,
  from_time: Instant.nullable(),
  to_time: Instant.nullable(),
  reason: z.string().nullable(),
})
export type AppointmentChange = z.output<typeof AppointmentChange>
export const AppointmentHistory = z.object({ items: z.array(AppointmentChange) })
