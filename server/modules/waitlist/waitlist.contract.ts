// The waitlist: who waits for a time to become free, and the offers that they answer.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, LocalTime, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound, stale } from '#platform/contract/problem.ts'
import { beyondHorizon, patientMissing, timeInPast } from '../appointments/appointment.contract.ts'
import { Appointment, AppointmentKind, AppointmentPriority } from '../appointments/appointment-record.contract.ts'

/** An offer that nobody answers is not repeated for ever: after as many in a row the entry ends. */
export const mostUnanswered = 3

export const WaitlistStatus = z.enum(['waiting', 'offered', 'booked', 'expired', 'withdrawn'])
export type WaitlistStatus = z.output<typeof WaitlistStatus>

const Weekdays = z
  .array(z.int().min(1).max(7))
  .min(1)
  .max(7)
  .refine((days) => new Set(days).size === days.length, 'Must not name one twice')

export const WaitlistRequest = z
  .strictObject({
    patient_id: Id.optional().describe('Patients wait for themselves and leave it out'),
    doctor_id: Id.optional().describe('With whom; or a specialization'),
    specialization: Text(100).optional().describe('Any doctor of it'),
    location: Text(200).optional().describe('Part of the location'),
    from_date: LocalDate.describe('In the zone of the doctor, as all that follows'),
    to_date: LocalDate.describe('Included'),
    weekdays: Weekdays.nullish().describe('1 Monday to 7 Sunday; any unless said'),
    from_time: LocalTime.nullish().describe('Not before this time of day'),
    to_time: LocalTime.nullish().describe('Over by this time of day'),
    kind: AppointmentKind.default('in_person'),
    priority: AppointmentPriority.default('routine').describe(
      'How urgent it is, is for the hospital to say: who waits by themselves waits as routine',
    ),
  })
  .refine(({ doctor_id, specialization }) => (doctor_id === undefined) !== (specialization === undefined), {
    path: ['doctor_id'],
    error: 'Give either doctor_id or specialization',
  })
  .refine(({ from_date, to_date }) => from_date <= to_date, {
    path: ['to_date'],
    error: 'Must not be before from_date',
  })
  .refine(({ from_time, to_time }) => !from_time || !to_time || from_time < to_time, {
    path: ['to_time'],
    error: 'Must be after from_time',
  })
export type WaitlistRequest = z.output<typeof WaitlistRequest>

export const WaitlistOffer = z.object({
  doctor_id: Id,
  appointment_time: Instant,
  duration_minutes: z.int(),
  offered_at: Instant,
  expires_at: Instant.describe('Until then nobody else can book it'),
  told: z
    .enum(['waiting', 'sent', 'kept', 'failed', 'void', 'no_address', 'not_wanted', 'forgotten'])
    .describe('What became of the e-mail; no_address and not_wanted: there is none, call the patient'),
})

export const WaitlistEntry = z.object({
  id: Id,
  patient_id: Id,
  doctor_id: Id.nullable(),
  specialization: z.string().nullable(),
  location: z.string().nullable(),
  from_date: LocalDate,
  to_date: LocalDate,
  weekdays: z.array(z.int()).nullable(),
  from_time: LocalTime.nullable(),
  to_time: LocalTime.nullable(),
  kind: AppointmentKind,
  priority: AppointmentPriority,
  status: WaitlistStatus,
  offer: WaitlistOffer.nullable().describe('The one that waits for an answer'),
  appointment_id: Id.nullable().describe('What an accepted offer became'),
  created_by: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type WaitlistEntry = z.output<typeof WaitlistEntry>

export const WaitlistQuery = z.strictObject({
  ...Page,
  status: WaitlistStatus.optional(),
  patient_id: Id.optional(),
  doctor_id: Id.optional().describe('Those who wait for this doctor by name'),
})
export type WaitlistQuery = z.output<typeof WaitlistQuery>

export const alreadyWaiting = defineProblem(
  'already_waiting',
  409,
  'The patient waits for this already: withdraw that entry first to wait on other terms',
)
export const noOffer = defineProblem(
  'no_offer',
  409,
  'There is no offer to answer: it has ended, was answered, or none was made',
)

const audited = (action: string) => ({ action: `waitlist.${action}`, resource_type: 'waitlist_entry' }) as const
const params = z.strictObject({ waitlist_entry_id: Id })

export const waitlistApi = {
  list: {
    method: 'GET',
    path: '/api/v1/waitlist',
    summary: 'Who waits, and what they were offered',
    description: 'In the order in which they came.',
    access: 'appointments:read',
    audit: audited('list'),
    query: WaitlistQuery,
    returns: [200, ListOf(WaitlistEntry)],
    problems: [],
  },
  join: {
    method: 'POST',
    path: '/api/v1/waitlist',
    summary: 'Wait for a time to become free',
    description:
      'With one doctor, or any of a specialization; for the latter patients wait by themselves or are entered by reception. A time that becomes free is held for, and offered to, the first whom it suits: the most urgent, then who came first. What is free already is not offered: book it. New hours of a doctor are.',
    access: 'appointments:create',
    audit: audited('join'),
    body: WaitlistRequest,
    returns: [201, WaitlistEntry],
    versioned: true,
    problems: [alreadyWaiting, patientMissing, timeInPast, beyondHorizon, forbidden, notFound],
    example: {
      doctor_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11',
      patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22',
      from_date: '2026-12-01',
      to_date: '2026-12-31',
      weekdays: [1, 2],
      to_time: '12:00',
    },
  },
  get: {
    method: 'GET',
    path: '/api/v1/waitlist/{waitlist_entry_id}',
    summary: 'One entry of the waitlist',
    access: 'appointments:read',
    audit: audited('read'),
    params,
    returns: [200, WaitlistEntry],
    versioned: true,
    problems: [],
  },
  withdraw: {
    method: 'DELETE',
    path: '/api/v1/waitlist/{waitlist_entry_id}',
    summary: 'Wait no longer',
    description: 'A time that is offered goes to the next in line. An entry that has ended stays as it is.',
    access: 'appointments:create',
    audit: audited('withdraw'),
    params,
    returns: [204, null],
    problems: [forbidden],
    versioned: true,
  },
  accept: {
    method: 'POST',
    path: '/api/v1/waitlist/{waitlist_entry_id}/accept',
    summary: 'Take the time that is offered',
    description: 'It becomes the appointment at once: nobody else could have taken it meanwhile.',
    access: 'appointments:create',
    audit: audited('accept'),
    params,
    returns: [200, Appointment],
    problems: [noOffer, forbidden, stale],
  },
  decline: {
    method: 'POST',
    path: '/api/v1/waitlist/{waitlist_entry_id}/decline',
    summary: 'Leave the time that is offered to the next in line, and wait on',
    access: 'appointments:create',
    audit: audited('decline'),
    params,
    returns: [200, WaitlistEntry],
    versioned: true,
    problems: [noOffer, forbidden],
  },
} as const satisfies Api
