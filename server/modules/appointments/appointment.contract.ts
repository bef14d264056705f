// Appointments: booking, reading, moving, cancelling, and what becomes of them.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { reservedForUrgent } from '../doctors/slot.contract.ts'

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
  reason: z.string().nullable(),
  notes: z.string().nullable(),
  cancel_reason: z.string().nullable(),
  created_by: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Appointment = z.output<typeof Appointment>

export const AppointmentRequest = z.strictObject({
  doctor_id: Id,
  appointment_time: Instant.describe('The start of one of the free slots of the doctor'),
  patient_id: Id.optional().describe('Patients book for themselves and leave it out'),
  kind: AppointmentKind.default('in_person'),
  priority: AppointmentPriority.default('routine'),
  reason: Text(500).nullish(),
  notes: Text(2000).nullish(),
})
export type AppointmentRequest = z.output<typeof AppointmentRequest>

export const RescheduleRequest = z.strictObject({
  appointment_time: Instant.describe('The start of one of the free slots of the doctor'),
  doctor_id: Id.optional().describe('Another doctor takes it over'),
  reason: Text(500).nullish().describe('Why it is moved; kept in the history'),
})
export type RescheduleRequest = z.output<typeof RescheduleRequest>

export const CancelRequest = z.strictObject({ reason: Text(500).nullish() }).optional()
export type CancelRequest = z.output<typeof CancelRequest>

export const StatusRequest = z.strictObject({ status: AppointmentStatus, reason: Text(500).nullish() })
export type StatusRequest = z.output<typeof StatusRequest>

/** As far as dates can be kept. */
const FilterDate = LocalDate.refine(
  (date) => date >= '1900-01-01' && date < '9000-01-01',
  'Must be a date of the years 1900 to 8999',
)
const Filters = {
  date: FilterDate.optional().describe("A day of the hospital's zone"),
  from: FilterDate.optional().describe("A day of the hospital's zone"),
  to: FilterDate.optional().describe('Included'),
  status: AppointmentStatus.optional(),
}
export const AppointmentQuery = z.strictObject({
  ...Page,
  doctor_id: Id.optional(),
  patient_id: Id.optional(),
  ...Filters,
})
export type AppointmentQuery = z.output<typeof AppointmentQuery>
const NarrowedQuery = z.strictObject({ ...Page, ...Filters })

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

export const slotTaken = defineProblem('slot_taken', 409, 'This time is no longer free: choose one of nearest_slots')
export const patientBusy = defineProblem(
  'patient_busy',
  409,
  'The patient has another appointment at that time: choose one of nearest_slots, or move the other one first',
)
export const invalidTransition = defineProblem(
  'invalid_transition',
  409,
  'An appointment in this state cannot go there: allowed names where it can go',
)
export const pastCutOff = defineProblem(
  'past_cut_off',
  409,
  'It is too late to change this appointment yourself: call the hospital',
)
export const timeInPast = defineProblem('time_in_past', 422, 'An appointment starts in the future: choose a later time')
export const beyondHorizon = defineProblem(
  'beyond_horizon',
  422,
  'That is further ahead than appointments are given: choose an earlier time',
)
export const outsideAvailability = defineProblem(
  'outside_availability',
  422,
  'The doctor has no slot that starts at that time: choose one of nearest_slots',
)
export const notAccepting = defineProblem(
  'not_accepting_new_patients',
  422,
  'The doctor takes no new patients at present: choose another doctor',
)
export const patientMissing = defineProblem('patient_missing', 422, 'Say for whom the appointment is: give patient_id')

const refusals = [
  slotTaken,
  patientBusy,
  timeInPast,
  beyondHorizon,
  outsideAvailability,
  reservedForUrgent,
  notAccepting,
  notFound,
] as const
const audited = (action: string) => ({ action: `appointment.${action}`, resource_type: 'appointment' }) as const
const params = z.strictObject({ appointment_id: Id })
const sorted = 'Sorted by start and id. The total is counted up to 10,000.'

export const appointmentApi = {
  book: {
    method: 'POST',
    path: '/api/v1/appointments',
    summary: 'Book an appointment',
    description:
      'It lasts as long as a consultation of the doctor. A time that is taken is answered with the nearest free slots.',
    access: 'appointments:create',
    audit: audited('book'),
    body: AppointmentRequest,
    returns: [201, Appointment],
    versioned: true,
    problems: [...refusals, patientMissing],
    example: {
      doctor_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11',
      patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22',
      appointment_time: '2026-12-01T14:00:00Z',
      reason: 'Follow-up',
    },
  },
  list: {
    method: 'GET',
    path: '/api/v1/appointments',
    summary: 'Appointments in your reach',
    description: sorted,
    access: 'appointments:read',
    audit: audited('list'),
    query: AppointmentQuery,
    returns: [200, ListOf(Appointment)],
    problems: [],
  },
  listOfDoctor: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/appointments',
    summary: 'The calendar of a doctor',
    description: sorted,
    access: 'appointments:read',
    audit: audited('list'),
    params: z.strictObject({ doctor_id: Id }),
    query: NarrowedQuery,
    returns: [200, ListOf(Appointment)],
    problems: [],
  },
  listOfPatient: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/appointments',
    summary: 'The appointments of a patient',
    description: sorted,
    access: 'appointments:read',
    audit: audited('list'),
    params: z.strictObject({ patient_id: Id }),
    query: NarrowedQuery,
    returns: [200, ListOf(Appointment)],
    problems: [],
  },
  get: {
    method: 'GET',
    path: '/api/v1/appointments/{appointment_id}',
    summary: 'One appointment',
    access: 'appointments:read',
    audit: audited('read'),
    params,
    returns: [200, Appointment],
    versioned: true,
    problems: [],
  },
  history: {
    method: 'GET',
    path: '/api/v1/appointments/{appointment_id}/history',
    summary: 'What became of an appointment, first to last',
    access: 'appointments:read',
    audit: audited('read'),
    params,
    returns: [200, AppointmentHistory],
    problems: [],
  },
  reschedule: {
    method: 'PUT',
    path: '/api/v1/appointments/{appointment_id}',
    summary: 'Move an appointment',
    description:
      'One change that keeps the id and the confirmation code: where the new time cannot be had, the old one stays. Patients may until 24 hours before the start.',
    access: 'appointments:update',
    audit: audited('reschedule'),
    params,
    body: RescheduleRequest,
    returns: [200, Appointment],
    versioned: true,
    problems: [...refusals, invalidTransition, pastCutOff, forbidden],
    example: { appointment_time: '2026-12-02T14:00:00Z' },
  },
  cancel: {
    method: 'DELETE',
    path: '/api/v1/appointments/{appointment_id}',
    summary: 'Cancel an appointment',
    description:
      'The time is free at once. A reason goes in the body, not in the address, where it would be logged; where a proxy drops bodies of DELETE, set the status to cancelled instead. Patients may until 24 hours before the start.',
    access: 'appointments:cancel',
    audit: audited('cancel'),
    params,
    body: CancelRequest,
    returns: [200, Appointment],
    versioned: true,
    problems: [invalidTransition, pastCutOff, forbidden],
    example: { reason: 'Feeling better' },
  },
  setStatus: {
    method: 'PUT',
    path: '/api/v1/appointments/{appointment_id}/status',
    summary: 'Confirm, check in, begin, complete, cancel, or mark as not come',
    description: 'Patients may confirm and cancel.',
    access: 'appointments:update',
    audit: audited('set_status'),
    params,
    body: StatusRequest,
    returns: [200, Appointment],
    versioned: true,
    problems: [invalidTransition, pastCutOff, forbidden],
    example: { status: 'confirmed' },
  },
} as const satisfies Api
