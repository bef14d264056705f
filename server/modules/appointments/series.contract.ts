// Series: appointments that recur. Each occurrence is an appointment of its own; all conflicts are shown before anything is booked.
import { z } from 'zod'
import { Id, Instant, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { Slots } from '../doctors/slot.contract.ts'
import {
  AppointmentRequest,
  DetailsRequest,
  notAccepting,
  pastCutOff,
  patientMissing,
  ReasonOfChange,
  resourceUnknown,
} from './appointment.contract.ts'
import { Appointment } from './appointment-record.contract.ts'
import { RecurrenceRule } from './recurrence.contract.ts'

export const SeriesPlanRequest = AppointmentRequest.pick({
  doctor_id: true,
  patient_id: true,
  kind: true,
  priority: true,
  resource_ids: true,
}).extend({
  appointment_time: Instant.describe('The start of the first occurrence: a slot of the doctor, and a day of the rule'),
  rrule: RecurrenceRule,
})
export type SeriesPlanRequest = z.output<typeof SeriesPlanRequest>
export const SeriesRequest = SeriesPlanRequest.extend({
  reason: Text(500).nullish(),
  notes: Text(2000).nullish(),
  skip_conflicts: z
    .boolean()
    .default(false)
    .describe('Book the other occurrences where some cannot be had, instead of nothing'),
})
export type SeriesRequest = z.output<typeof SeriesRequest>

export const Conflict = z.object({
  occurrence: z.int().describe('Its place in the series, from 1'),
  local_time: z
    .string()
    .describe("On the wall clock of the doctor's zone")
    .meta({ examples: ['2027-03-02T09:00'] }),
  appointment_time: Instant,
  code: z
    .enum([
      'time_in_past',
      'beyond_horizon',
      'skipped_hour',
      'outside_availability',
      'reserved_for_urgent',
      'slot_taken',
      'patient_busy',
      'resource_taken',
    ])
    .describe('skipped_hour: the clocks go forward over it. The others are those of a single booking'),
  appointment_id: Id.optional().describe("The patient's other appointment, where you may see it"),
  nearest_slots: Slots.shape.items,
})
export type Conflict = z.output<typeof Conflict>

const Planned = Conflict.pick({ occurrence: true, local_time: true, appointment_time: true }).extend({
  is_free: z.boolean(),
})
export const SeriesPlan = z.object({ occurrences: z.array(Planned), conflicts: z.array(Conflict) })
export type SeriesPlan = z.output<typeof SeriesPlan>

export const Series = z.object({
  id: Id,
  patient_id: Id,
  doctor_id: Id.describe('With whom it was booked; what was moved to another doctor says so itself'),
  rrule: z.string(),
  starts_at: Instant.describe('The start of the first occurrence when it was booked'),
  timezone: z.string().describe('Whose wall clock it was booked on'),
  created_by: Id.nullable(),
  created_at: Instant,
  version: z.int().describe('Grows with every change of an occurrence that you may see'),
  occurrences: z.array(Appointment).describe('Those that you may see, by their place in the series'),
})
export type Series = z.output<typeof Series>
export const BookedSeries = Series.extend({ skipped: z.array(Conflict).describe('What was not booked') })
export type BookedSeries = z.output<typeof BookedSeries>

export const SeriesChange = z
  .strictObject({
    scope: z.enum(['this', 'following', 'all']).describe('following: this one and those after it'),
    occurrence: z.int().min(1).max(99).describe('The one that is looked at'),
    move: z
      .strictObject({
        appointment_time: Instant.optional().describe(
          'The new start of this one; the others move by as many days, to the same time of day',
        ),
        doctor_id: Id.optional().describe('Another doctor takes them over'),
        reason: ReasonOfChange,
      })
      .refine((move) => move.appointment_time !== undefined || move.doctor_id !== undefined, {
        path: ['appointment_time'],
        error: 'Say when, or with whom',
      })
      .optional(),
    details: DetailsRequest.optional(),
    cancel: z.strictObject({ reason: ReasonOfChange }).optional(),
  })
  .refine((one) => [one.move, one.details, one.cancel].filter((part) => part !== undefined).length === 1, {
    path: ['move'],
    error: 'Give one of move, details and cancel',
  })
export type SeriesChange = z.output<typeof SeriesChange>

export const seriesConflicts = defineProblem(
  'series_conflicts',
  409,
  'Some occurrences cannot be had: conflicts names all of them, with the nearest free slots',
)
export const seriesOver = defineProblem('series_over', 409, 'No occurrence that this is about still lies ahead')

const audited = (action: string) => ({ action: `appointment.${action}`, resource_type: 'appointment' }) as const
const params = z.strictObject({ series_id: Id })
const first = {
  doctor_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11',
  patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22',
  appointment_time: '2026-12-01T14:00:00Z',
  rrule: 'FREQ=WEEKLY;COUNT=6',
}

export const seriesApi = {
  plan: {
    method: 'POST',
    path: '/api/v1/appointments/series/plan',
    summary: 'What a series would be, and what stands in its way',
    description: 'Books nothing. Wall-clock times hold across changes of the clocks.',
    access: 'appointments:create',
    audit: { ...audited('plan_series'), reads: true },
    body: SeriesPlanRequest,
    returns: [200, SeriesPlan],
    problems: [notFound, patientMissing, notAccepting, forbidden, resourceUnknown],
    example: first,
  },
  book: {
    method: 'POST',
    path: '/api/v1/appointments/series',
    summary: 'Book a series of appointments',
    description:
      'All of them or, where one cannot be had, nothing: the refusal names every conflict. Each occurrence is an appointment of its own, with its code, and is moved or cancelled by itself as any other.',
    access: 'appointments:create',
    audit: audited('book'),
    body: SeriesRequest,
    returns: [201, BookedSeries],
    versioned: true,
    problems: [notFound, patientMissing, notAccepting, forbidden, resourceUnknown, seriesConflicts],
    example: { ...first, reason: 'Physiotherapy' },
  },
  get: {
    method: 'GET',
    path: '/api/v1/appointments/series/{series_id}',
    summary: 'A series with its occurrences',
    access: 'appointments:read',
    audit: audited('read_series'),
    params,
    returns: [200, Series],
    versioned: true,
    problems: [],
  },
  change: {
    method: 'PATCH',
    path: '/api/v1/appointments/series/{series_id}',
    summary: 'Move, describe or cancel an occurrence, those from it on, or all',
    description:
      'All of them or none. Only what lies ahead and is booked or confirmed changes; the rest stays as it is. Patients may until 24 hours before the start of each.',
    access: 'appointments:update',
    audit: audited('change_series'),
    params,
    body: SeriesChange,
    returns: [200, Series],
    versioned: true,
    problems: [notFound, forbidden, pastCutOff, notAccepting, seriesOver, seriesConflicts],
    example: { scope: 'following', occurrence: 1, details: { notes: 'Brings the X-rays' } },
  },
} as const satisfies Api
