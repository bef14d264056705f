// Appointments: booking, reading, moving, cancelling, and what becomes of them.
import { z } from 'zod'
import { Id, Instant, ListOf, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { reservedForUrgent } from '../doctors/slot.contract.ts'
import {
  Appointment,
  AppointmentHistory,
  AppointmentKind,
  AppointmentPriority,
  AppointmentQuery,
  AppointmentStatus,
  NarrowedQuery,
} from './appointment-record.contract.ts'

export const ResourceIds = z
  .array(Id)
  .max(10)
  .refine((ids) => new Set(ids).size === ids.length, 'Must not name one twice')

export const AppointmentRequest = z.strictObject({
  doctor_id: Id,
  appointment_time: Instant.describe('The start of one of the free slots of the doctor'),
  patient_id: Id.optional().describe('Patients book for themselves and leave it out'),
  kind: AppointmentKind.default('in_person'),
  priority: AppointmentPriority.default('routine'),
  reason: Text(500).nullish(),
  notes: Text(2000).nullish(),
  resource_ids: ResourceIds.optional().describe(
    'Rooms and devices that it needs: taken with it, or nothing is booked. With hold_id: those of the hold unless said',
  ),
  hold_id: Id.optional().describe('A time that you hold'),
  overbook: z
    .strictObject({ reason: Text(500) })
    .optional()
    .describe('Beside another appointment of the doctor; for those who may, with the reason'),
})
export type AppointmentRequest = z.output<typeof AppointmentRequest>

/** Why something is moved, cancelled or set. */
export const ReasonOfChange = Text(500)
  .nullish()
  .describe('Kept in the history; refused with 403 to whom the record of the patient is out of reach')

export const RescheduleRequest = z.strictObject({
  appointment_time: Instant.describe('The start of one of the free slots of the doctor'),
  doctor_id: Id.optional().describe('Another doctor takes it over'),
  resource_ids: ResourceIds.optional().describe('Those that it needs from now on; those that it has unless said'),
  reason: ReasonOfChange,
})
export type RescheduleRequest = z.output<typeof RescheduleRequest>

export const DetailsRequest = z.strictObject({
  kind: AppointmentKind.optional(),
  priority: AppointmentPriority.optional(),
  reason: Text(500).nullish(),
  notes: Text(2000).nullish(),
})
export type DetailsRequest = z.output<typeof DetailsRequest>

export const CancelRequest = z.strictObject({ reason: ReasonOfChange }).optional()
export type CancelRequest = z.output<typeof CancelRequest>

export const StatusRequest = z.strictObject({ status: AppointmentStatus, reason: ReasonOfChange })
export type StatusRequest = z.output<typeof StatusRequest>

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
/** Until so long before its start patients change an appointment themselves. */
export const cutOffHours = 24
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

export const resourceTaken = defineProblem(
  'resource_taken',
  409,
  'A room or device that it needs is not free then: choose one of nearest_slots, or another resource',
)
export const resourceUnknown = defineProblem(
  'resource_unknown',
  422,
  'One of resource_ids is no resource in use: look them up at /api/v1/resources',
)
export const holdEnded = defineProblem(
  'hold_ended',
  409,
  'You do not hold this time any more: book it without hold_id if it is still free, or choose another',
)

export const slotRefusals = [
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
const sorted = 'Sorted by start and id.'

export const appointmentApi = {
  book: {
    method: 'POST',
    path: '/api/v1/appointments',
    summary: 'Book an appointment',
    description:
      'It lasts as long as a consultation of the doctor. A time that is taken is answered with the nearest free slots. Doctor, patient and resources are taken together or not at all.',
    access: 'appointments:create',
    audit: audited('book'),
    body: AppointmentRequest,
    returns: [201, Appointment],
    versioned: true,
    problems: [...slotRefusals, patientMissing, forbidden, holdEnded, resourceTaken, resourceUnknown],
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
    description: `${sorted} \`date=…&overbooked=true\` lists the exceptions of a day, with their reasons.`,
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
    problems: [...slotRefusals, invalidTransition, pastCutOff, forbidden, resourceTaken, resourceUnknown],
    example: { appointment_time: '2026-12-02T14:00:00Z' },
  },
  changeDetails: {
    method: 'PATCH',
    path: '/api/v1/appointments/{appointment_id}',
    summary: 'Change what is noted of an appointment',
    description:
      'Patients change the reason and the notes only. Kind and priority change while it has not begun. Times are changed with PUT.',
    access: 'appointments:update',
    audit: audited('change'),
    params,
    body: DetailsRequest,
    accepts: 'merge_patch',
    returns: [200, Appointment],
    versioned: true,
    problems: [invalidTransition, forbidden],
    example: { priority: 'urgent', notes: 'Needs an interpreter' },
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
