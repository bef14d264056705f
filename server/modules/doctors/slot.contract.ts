// Free slots: of one doctor, and the next ones of many.
import { z } from 'zod'
import { Id, Instant, LocalDate, QueryInteger, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const Slot = z.object({ doctor_id: Id, start: Instant, end: Instant, duration_minutes: z.int() })
export type Slot = z.output<typeof Slot>
export const Slots = z.object({ items: z.array(Slot) })
export type Slots = z.output<typeof Slots>

export const mostSlotDays = 31

export const SlotQuery = z
  .strictObject({
    from: LocalDate.optional().describe("A date in the doctor's zone; today unless given"),
    to: LocalDate.optional().describe('Included; six days after from unless given'),
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

export const NextSlotQuery = z.strictObject({
  specialization: Text(100).optional(),
  location: Text(200).optional().describe('Part of the location'),
  language: Text(35, 2).optional(),
  from: LocalDate.optional().describe("A date in each doctor's zone; today unless given"),
  limit: QueryInteger(1, 100).default(20),
})
export type NextSlotQuery = z.output<typeof NextSlotQuery>

export const slotApi = {
  listOfDoctor: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/slots',
    summary: 'Free slots of a doctor',
    description: `What is past, taken or further ahead than 180 days is not offered. At most ${mostSlotDays} days at once. Public.`,
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
    description: 'In order of time. Public.',
    access: 'public',
    audit: 'none',
    query: NextSlotQuery,
    returns: [200, Slots],
    problems: [],
    limit_per_minute: 120,
  },
} as const satisfies Api

/** A text that is no date has been told already; it has no length. */
function daysFrom(from: string, to: string): number {
  if (!LocalDate.safeParse(from).success || !LocalDate.safeParse(to).success) return 0
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).days
}
