// Free slots: of one doctor, and the next ones of many.
import { z } from 'zod'
import { Id, Instant, LocalDate, QueryInteger, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const Slot = z.object({ doctor_id: Id, start: Instant, end: Instant, duration_minutes: z.int() })
export type Slot = z.output<typeof Slot>
export const Slots = z.object({ items: z.array(Slot) })
export type Slots = z.output<typeof Slots>

export const NextSlots = Slots.extend({
  searched_until: Instant.optional().describe(
    'Only where the search ended before it had found as many as were wanted, because too many times had to be looked at: what is free from then on is not in the list. Ask again, with its date as from',
  ),
})
export type NextSlots = z.output<typeof NextSlots>

export const mostSlotDays = 31
/** As many doctors as one search may name. */
export const mostNamedDoctors = 50

export const reservedForUrgent = defineProblem(
  'reserved_for_urgent',
  409,
  'This time is kept for urgent and emergency bookings: choose one of nearest_slots, or give the priority that it has',
)

const Priority = z
  .enum(['routine', 'urgent', 'emergency'])
  .default('routine')
  .describe('Some times are kept for urgent and emergency bookings and offered to no other')
export type SlotPriority = z.output<typeof Priority>

export const SlotQuery = z
  .strictObject({
    from: LocalDate.optional().describe("A date in the doctor's zone; today unless given"),
    to: LocalDate.optional().describe('Included; six days after from unless given'),
    priority: Priority,
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'Must not be before from',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || daysFrom(from, to) < mostSlotDays, {
    path: ['to'],
    error: `Must be at most ${mostSlotDays} days, from and to included: ask for the rest in a second request`,
  })
export type SlotQuery = z.output<typeof SlotQuery>

const DoctorIds = z
  .string()
  .max(mostNamedDoctors * 37)
  .transform((text) => text.split(','))
  .pipe(z.array(Id).max(mostNamedDoctors))

export const NextSlotQuery = z
  .strictObject({
    specialization: Text(100).optional(),
    location: Text(200).optional().describe('Part of the location of the doctor, or of the hours where those have one'),
    language: Text(35, 2).optional(),
    doctor_ids: DoctorIds.optional().describe(`Only these doctors: up to ${mostNamedDoctors} ids, separated by commas`),
    from: LocalDate.optional().describe("A date in each doctor's zone; today unless given"),
    limit: QueryInteger(1, 100).default(20),
    priority: Priority,
    resource_type: z
      .enum(['bed', 'icu_bed', 'room', 'operating_room', 'ventilator', 'equipment', 'ambulance'])
      .optional()
      .describe('Only times at which one of these is free as well'),
    ward: Text(100).optional().describe('Of the resource'),
  })
  .refine(({ ward, resource_type }) => ward === undefined || resource_type !== undefined, {
    path: ['ward'],
    error: 'Goes with resource_type: say what must be free there',
  })
export type NextSlotQuery = z.output<typeof NextSlotQuery>

export const slotApi = {
  listOfDoctor: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/slots',
    summary: 'Free slots of a doctor',
    description: `What is past, taken, in time off, or further ahead than 180 days is not offered. At most ${mostSlotDays} days at once. Public.`,
    access: 'public',
    audit: 'none',
    params: z.strictObject({ doctor_id: Id }),
    query: SlotQuery,
    returns: [200, Slots],
    problems: [],
    limit_per_minute: 240,
  },
  listNext: {
    method: 'GET',
    path: '/api/v1/slots',
    summary: 'The next free slots of all doctors who match',
    description: "In order of time; at the same time in order of the doctors' names. Public.",
    access: 'public',
    audit: 'none',
    query: NextSlotQuery,
    returns: [200, NextSlots],
    problems: [],
    limit_per_minute: 120,
  },
} as const satisfies Api

/** A text that is no date has been told already; it has no length. */
function daysFrom(from: string, to: string): number {
  if (!LocalDate.safeParse(from).success || !LocalDate.safeParse(to).success) return 0
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).days
}
