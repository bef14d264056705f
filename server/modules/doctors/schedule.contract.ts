// The week of a doctor, as blocks: when they see patients, in slots of which length, where.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, LocalTime, Page, ReckonedDate, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, stale } from '#platform/contract/problem.ts'
import { Doctor } from './doctor.contract.ts'

export const mostBlocks = 100
/** As many appointments as one answer names. */
export const mostOutside = 100

export const ScheduleBlock = z.object({
  id: Id,
  doctor_id: Id,
  weekday: z.int().describe('1 Monday to 7 Sunday'),
  start_time: z
    .string()
    .describe("On the wall clock of the doctor's zone")
    .meta({ examples: ['09:00'] }),
  end_time: z.string().meta({ examples: ['13:00'] }),
  slot_minutes: z.int(),
  emergency_share: z.number().describe('Of the slots of each day, kept for urgent and emergency bookings'),
  location: z.string().nullable().describe('Where, if not where the doctor usually is'),
  valid_from: LocalDate,
  valid_until: LocalDate.nullable().describe('The last day; open where it is null'),
})
export type ScheduleBlock = z.output<typeof ScheduleBlock>

const EndTime = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'Must be a wall-clock time, HH:MM, at most 24:00')
  .meta({ examples: ['13:00'] })

export const BlockRequest = z
  .strictObject({
    weekday: z.int().min(1).max(7).describe('1 Monday to 7 Sunday'),
    start_time: LocalTime,
    end_time: EndTime.describe('On the same day, after the start; 24:00 is its end'),
    slot_minutes: z.int().min(5).max(240).optional().describe('As long as a consultation of the doctor unless given'),
    emergency_share: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'Of the slots of each day, kept for urgent and emergency bookings: rounded up to whole slots, spread evenly, the same on each day',
      ),
    location: Text(200).nullish().describe('Where, if not where the doctor usually is'),
    valid_from: ReckonedDate.optional().describe("A day of the doctor's zone; today unless given"),
    valid_until: ReckonedDate.nullish().describe('The last day'),
  })
  .refine(({ start_time, end_time }) => start_time < end_time, {
    path: ['end_time'],
    error: 'Must be after start_time, on the same day',
  })
  .refine(
    ({ valid_from, valid_until }) =>
      valid_from === undefined || typeof valid_until !== 'string' || valid_from <= valid_until,
    { path: ['valid_until'], error: 'Must not be before valid_from' },
  )
export type BlockRequest = z.output<typeof BlockRequest>

export const WeekRequest = z.strictObject({ blocks: z.array(BlockRequest).max(mostBlocks) })
export type WeekRequest = z.output<typeof WeekRequest>

const Outside = z.object({
  id: Id,
  confirmation_code: z.string(),
  patient_id: Id,
  appointment_time: Instant,
  duration_minutes: z.int(),
  status: z.string(),
})
export type Outside = z.output<typeof Outside>
const OutsideHours = {
  outside_hours: z
    .object({ total: z.int(), items: z.array(Outside) })
    .describe(
      `Appointments to come that do not lie in the hours any more. They stay: move or cancel them, or leave them. The first ${mostOutside}; none for those who may not read appointments`,
    ),
}

export const ScheduledDoctor = Doctor.extend({ is_active: z.boolean() })
export type ScheduledDoctor = z.output<typeof ScheduledDoctor>

export const Schedule = z.object({
  items: z.array(ScheduleBlock),
  version: z.int().describe("Of the doctor's calendar"),
})
export type Schedule = z.output<typeof Schedule>
export const ChangedSchedule = Schedule.extend(OutsideHours)
export type ChangedSchedule = z.output<typeof ChangedSchedule>
export const AddedBlock = ScheduleBlock.extend(OutsideHours)
export type AddedBlock = z.output<typeof AddedBlock>

export const scheduleConflict = defineProblem(
  'schedule_conflict',
  409,
  'The doctor has hours at that time already: change the block that is named, or the times',
)
export const tooManyBlocks = defineProblem(
  'too_many_blocks',
  409,
  `A schedule has at most ${mostBlocks} blocks: remove those that are over`,
)
export const noRoomForSlot = defineProblem(
  'block_too_short',
  422,
  'The block is shorter than one of its slots: make it longer, or its slots shorter',
)

const params = z.strictObject({ doctor_id: Id })
const audited = { action: 'schedule.change', resource_type: 'doctor' } as const
const block = { weekday: 1, start_time: '09:00', end_time: '13:00', slot_minutes: 20, emergency_share: 0.1 }

export const scheduleApi = {
  list: {
    method: 'GET',
    path: '/api/v1/doctors/schedules',
    summary: 'The doctors whose schedule you may change',
    description: 'With those who are not active. Sorted by last name, first name and id.',
    access: 'schedules:write',
    audit: 'none',
    query: z.strictObject(Page),
    returns: [200, ListOf(ScheduledDoctor)],
    problems: [],
  },
  get: {
    method: 'GET',
    path: '/api/v1/doctors/{doctor_id}/schedule',
    summary: 'The schedule blocks of a doctor',
    description:
      'For those who may change it. A doctor without any block works the hours of their profile, Monday to Friday. Sorted by weekday, start and validity.',
    access: 'schedules:write',
    audit: 'none',
    params,
    returns: [200, Schedule],
    versioned: true,
    problems: [],
  },
  add: {
    method: 'POST',
    path: '/api/v1/doctors/{doctor_id}/schedule',
    summary: 'Add a block to the schedule of a doctor',
    description:
      'With the first block the hours of the profile no longer count. Two blocks of a doctor do not overlap in weekday, time and validity.',
    access: 'schedules:write',
    audit: audited,
    params,
    body: BlockRequest,
    returns: [201, AddedBlock],
    problems: [scheduleConflict, tooManyBlocks, noRoomForSlot, stale],
    example: block,
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/doctors/{doctor_id}/schedule',
    summary: 'Replace the whole schedule of a doctor',
    description: 'All of it or nothing. Without any block the hours of the profile count again.',
    access: 'schedules:write',
    audit: audited,
    params,
    body: WeekRequest,
    returns: [200, ChangedSchedule],
    versioned: true,
    problems: [scheduleConflict, noRoomForSlot],
    example: { blocks: [block, { ...block, weekday: 3 }] },
  },
  remove: {
    method: 'DELETE',
    path: '/api/v1/doctors/{doctor_id}/schedule/{block_id}',
    summary: 'Remove a block from the schedule of a doctor',
    access: 'schedules:write',
    audit: audited,
    params: z.strictObject({ doctor_id: Id, block_id: Id }),
    returns: [200, ChangedSchedule],
    versioned: true,
    problems: [],
  },
} as const satisfies Api
