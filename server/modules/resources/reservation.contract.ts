// Reservations: who will have an operating room, a device or a room, from when until when.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { resourceUnavailable } from './assignment.contract.ts'

const hidden = 'Null where you may not read the patient'
export const Reservation = z.object({
  id: Id,
  resource_id: Id,
  lane: z.int(),
  starts_at: Instant,
  ends_at: Instant,
  patient_id: Id.nullable().describe(hidden),
  appointment_id: Id.nullable().describe(hidden),
  purpose: z.string().nullable().describe(hidden),
  created_by: Id.nullable(),
  created_at: Instant,
  cancelled_at: Instant.nullable(),
})
export type Reservation = z.output<typeof Reservation>

export const mostReservedDays = 31
export const ReservationRequest = z
  .strictObject({
    starts_at: Instant,
    ends_at: Instant,
    patient_id: Id.optional().describe('For whom, where it is for somebody'),
    lane: z.int().min(1).max(8).optional().describe('The first free one unless given'),
    purpose: Text(200).nullish().describe('Sealed where it is about a patient; else name nobody in it'),
  })
  .refine(({ starts_at, ends_at }) => Date.parse(starts_at) < Date.parse(ends_at), {
    path: ['ends_at'],
    error: 'Must be after starts_at',
  })
  .refine(({ starts_at, ends_at }) => Date.parse(ends_at) - Date.parse(starts_at) <= mostReservedDays * 86_400_000, {
    path: ['ends_at'],
    error: `Must be within ${mostReservedDays} days of starts_at`,
  })
export type ReservationRequest = z.output<typeof ReservationRequest>

export const ReservationQuery = z.strictObject({
  ...Page,
  from: Instant.optional().describe('Those that end after it; now unless given'),
  to: Instant.optional().describe('Those that begin before it'),
})
export type ReservationQuery = z.output<typeof ReservationQuery>

export const ofAppointment = defineProblem(
  'reservation_of_appointment',
  409,
  'This reservation belongs to an appointment: change or cancel that one',
)

const audited = (action: string) => ({ action: `resource.${action}`, resource_type: 'resource' }) as const
const params = z.strictObject({ resource_id: Id })

export const reservationApi = {
  list: {
    method: 'GET',
    path: '/api/v1/resources/{resource_id}/reservations',
    summary: 'When a resource is reserved, first to last',
    access: 'resources:assign',
    audit: audited('list_reservations'),
    params,
    query: ReservationQuery,
    returns: [200, ListOf(Reservation)],
    problems: [notFound],
  },
  create: {
    method: 'POST',
    path: '/api/v1/resources/{resource_id}/reservations',
    summary: 'Reserve a resource for a time',
    description:
      'Reservations of one resource and lane never overlap. While one runs, only its patient is given the lane.',
    access: 'resources:assign',
    audit: audited('reserve'),
    params,
    body: ReservationRequest,
    returns: [201, Reservation],
    problems: [notFound, resourceUnavailable],
    example: { starts_at: '2126-12-01T08:00:00Z', ends_at: '2126-12-01T11:30:00Z', purpose: 'Training' },
  },
  cancel: {
    method: 'DELETE',
    path: '/api/v1/resources/{resource_id}/reservations/{reservation_id}',
    summary: 'Cancel a reservation',
    access: 'resources:assign',
    audit: audited('cancel_reservation'),
    params: z.strictObject({ resource_id: Id, reservation_id: Id }),
    returns: [200, Reservation],
    problems: [notFound, forbidden, ofAppointment],
  },
} as const satisfies Api
