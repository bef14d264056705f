// Holding a time while a form is filled: nobody else gets it, and it ends by itself.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden } from '#platform/contract/problem.ts'
import { patientMissing, ResourceIds, resourceTaken, resourceUnknown, slotRefusals } from './appointment.contract.ts'
import { AppointmentPriority } from './appointment-record.contract.ts'

export const holdMinutes = 5
/** Of one person at once: for themselves, and at a desk, where several forms are open. */
export const mostHolds = { own: 3, desk: 10 } as const

export const HoldRequest = z.strictObject({
  doctor_id: Id,
  appointment_time: Instant.describe('The start of one of the free slots of the doctor'),
  patient_id: Id.optional().describe('For whom, where that is known. Patients hold for themselves and leave it out'),
  priority: AppointmentPriority.default('routine'),
  resource_ids: ResourceIds.optional().describe('Rooms and devices to hold with it'),
})
export type HoldRequest = z.output<typeof HoldRequest>

export const Hold = z.object({
  id: Id.describe('Give it as hold_id when you book'),
  doctor_id: Id,
  patient_id: Id.nullable(),
  appointment_time: Instant,
  duration_minutes: z.int(),
  held_until: Instant,
})
export type Hold = z.output<typeof Hold>

export const tooManyHolds = defineProblem(
  'too_many_holds',
  409,
  'You hold as many times as you may at once: book one, give one back, or wait a few minutes',
)

export const holdApi = {
  make: {
    method: 'POST',
    path: '/api/v1/slots/holds',
    summary: 'Hold a time while a form is filled',
    description: `Nobody else can book it for ${holdMinutes} minutes. It ends by itself. Booking with \`hold_id\` makes it the appointment, with the same id. A person holds at most ${mostHolds.own} times at once, reception ${mostHolds.desk}.`,
    access: 'appointments:create',
    audit: { action: 'hold.make', resource_type: 'hold' },
    body: HoldRequest,
    returns: [201, Hold],
    problems: [...slotRefusals, patientMissing, tooManyHolds, forbidden, resourceTaken, resourceUnknown],
    example: { doctor_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b11', appointment_time: '2026-12-01T14:00:00Z' },
  },
  release: {
    method: 'DELETE',
    path: '/api/v1/slots/holds/{hold_id}',
    summary: 'Give back a time that you hold',
    description: 'It is free at once.',
    access: 'appointments:create',
    audit: { action: 'hold.release', resource_type: 'hold' },
    params: z.strictObject({ hold_id: Id }),
    returns: [204, null],
    problems: [],
  },
} as const satisfies Api
