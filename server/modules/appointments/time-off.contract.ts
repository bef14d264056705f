// Time that a doctor takes off: no slot is offered in it, and no appointment stays in it unawares.
import { z } from 'zod'
import { Id, Instant, ReckonedDate, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, stale } from '#platform/contract/problem.ts'
import { AppointmentStatus } from './appointment-record.contract.ts'

/** As many appointments as one answer names. */
export const mostNamed = 100
const mostDays = 366

export const TimeOff = z.object({
  id: Id,
  doctor_id: Id,
  starts_at: Instant,
  ends_at: Instant,
  reason: z.string().nullable(),
  created_at: Instant,
})
export type TimeOff = z.output<typeof TimeOff>

export const Affected = z.object({
  id: Id,
  confirmation_code: z.string(),
  patient_id: Id,
  appointment_time: Instant,
  duration_minutes: z.int(),
  status: AppointmentStatus,
})
export type Affected = z.output<typeof Affected>

export const NewTimeOff = TimeOff.extend({
  cancelled_appointments: z.object({ total: z.int(), items: z.array(Affected) }).describe(`The first ${mostNamed}`),
})
export type NewTimeOff = z.output<typeof NewTimeOff>

/** As far as times can be kept. */
const OffInstant = Instant.refine((at) => at >= '1900' && at < '9000', 'Must be an instant of the years 1900 to 8999')

export const TimeOffRequest = z
  .strictObject({
    starts_at: OffInstant,
    ends_at: OffInstant.describe(`Not included; at most ${mostDays} days later`),
    reason: Text(200).nullish().describe('For the hospital, not for patients'),
    cancel_appointments: z
      .boolean()
      .default(false)
      .describe('Whether to cancel the appointments that lie in it; their patients are told'),
  })
  .refine(({ starts_at, ends_at }) => Date.parse(starts_at) < Date.parse(ends_at), {
    path: ['ends_at'],
    error: 'Must be after starts_at',
  })
  .refine(({ starts_at, ends_at }) => Date.parse(ends_at) - Date.parse(starts_at) <= mostDays * 86_400_000, {
    path: ['ends_at'],
    error: `Must be at most ${mostDays} days after starts_at`,
  })
export type TimeOffRequest = z.output<typeof TimeOffRequest>

export const TimeOffQuery = z.strictObject({
  from: ReckonedDate.optional().describe("A day of the doctor's zone: what ends on it or later; today unless given"),
})
export type TimeOffQuery = z.output<typeof TimeOffQuery>

export const timeOffConflict = defineProblem(
  'time_off_conflict',
  409,
  'Patients are expected at that time: move their appointments, or repeat with "cancel_appointments": true',
)

const params = z.strictObject({ doctor_id: Id })
const audited = (action: string) => ({ action: `time_off.${action}`, resource_type: 'doctor' }) as const

export const timeOffApi = {
  list: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/time-off',
    summary: 'The time that a doctor takes off',
    description: 'For those who may change it. Sorted by start; the first 500.',
    access: 'schedules:write',
    audit: 'none',
    params,
    query: TimeOffQuery,
    returns: [200, z.object({ items: z.array(TimeOff) })],
    problems: [],
  },
  add: {
    method: 'POST',
    path: '/api/v1/doctors/{doctor_id}/time-off',
    summary: 'Take time off',
    description: `Refused over booked appointments, which the answer names (the first ${mostNamed}, to those who may read them), unless \`cancel_appointments\` says to cancel them, which needs appointments:cancel as well. They are cancelled together with it or not at all.`,
    access: 'schedules:write',
    audit: audited('add'),
    params,
    body: TimeOffRequest,
    returns: [201, NewTimeOff],
    problems: [timeOffConflict, forbidden, stale],
    example: { starts_at: '2026-12-21T05:00:00Z', ends_at: '2026-12-28T05:00:00Z', reason: 'Holidays' },
  },
  remove: {
    method: 'DELETE',
    path: '/api/v1/doctors/{doctor_id}/time-off/{time_off_id}',
    summary: 'Take back time off',
    description: 'The time can be booked again at once. Appointments that were cancelled for it stay cancelled.',
    access: 'schedules:write',
    audit: audited('remove'),
    params: z.strictObject({ doctor_id: Id, time_off_id: Id }),
    returns: [204, null],
    problems: [stale],
  },
} as const satisfies Api
