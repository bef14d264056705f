import { randomUUIDv7 } from 'node:crypto'
import { type Context, reachOf } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { type Calendar, calendarOf, findCalendars } from './calendar.store.ts'
import {
  type AddedBlock,
  type BlockRequest,
  type ChangedSchedule,
  mostBlocks,
  mostOutside,
  noRoomForSlot,
  type Outside,
  type Schedule,
  type ScheduleBlock,
  scheduleConflict,
  tooManyBlocks,
  type WeekRequest,
} from './schedule.contract.ts'
import {
  deleteBlock,
  countScheduled,
  deleteBlocks,
  findBlocks,
  findExpected,
  findScheduled,
  findScheduleOwner,
  insertBlocks,
  renewCalendar,
  type ScheduleOwner,
  type ScheduleReach,
} from './schedule.store.ts'
import { coversTime, type WorkingHours } from './slots.ts'

/** Whose calendars the caller may change: everyone's, those of their department, their own. */
function reachIn({ actor, reach }: Context): ScheduleReach {
  const scopes = reach.split(',')
  return {
    is_everyone: reach === 'all',
    doctor_id: scopes.includes('own') ? (actor.doctor_id ?? null) : null,
    department_id: scopes.includes('department') ? (actor.department_id ?? null) : null,
  }
}

type ScheduledQuery = { skip: number; limit: number; cursor?: string | undefined }

export async function listScheduled(ctx: Context, { skip, limit, cursor }: ScheduledQuery) {
  const within = reachIn(ctx)
  const page = { skip, limit: limit + 1, after: decodeCursor(cursor) }
  const [found, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findScheduled(within, page)), tx.one(countScheduled(within))]),
  )
  const items = found.slice(0, limit)
  const next_cursor = encodeCursor(found.length > limit ? items.at(-1)?.id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/**
 * The doctor, where the caller may change the calendar.
 * @throws Problem notFound
 */
export async function getScheduleOwner(ctx: Context, doctor_id: string): Promise<ScheduleOwner> {
  const owner = await ctx.database.once((tx) => tx.first(findScheduleOwner(doctor_id, reachIn(ctx))))
  if (!owner) throw new Problem(notFound, { detail: 'There is no doctor with this id whose schedule you may see' })
  return owner
}

/** A new version of the calendar, as `renewCalendar` of the store. @throws Problem stale */
export async function takeCalendar(ctx: Context, tx: Tx, doctor_id: string): Promise<number> {
  const renewed = await tx.first(renewCalendar(doctor_id, ctx.if_match))
  if (!renewed) throw new Problem(stale)
  return renewed.version
}

export async function getSchedule(ctx: Context, doctor_id: string): Promise<Schedule> {
  const { version } = await getScheduleOwner(ctx, doctor_id)
  return { items: await ctx.database.once((tx) => tx.rows(findBlocks(doctor_id))), version }
}

/** @throws Problem notFound, scheduleConflict, tooManyBlocks, noRoomForSlot */
export async function addBlock(ctx: Context, doctor_id: string, request: BlockRequest): Promise<AddedBlock> {
  const owner = await getScheduleOwner(ctx, doctor_id)
  const block = blockOf(owner, request)
  const { outside_hours } = await change(ctx, doctor_id, async (tx) => {
    const present = await tx.rows(findBlocks(doctor_id))
    const other = present.find((one) => overlap(one, block))
    if (other) throw new Problem(scheduleConflict, { block: other })
    if (present.length >= mostBlocks) throw new Problem(tooManyBlocks)
    await tx.run(insertBlocks([block])).catch(refused)
  })
  ctx.header('location', `/api/v1/doctors/${doctor_id}/schedule`)
  return { ...block, outside_hours }
}

/** @throws Problem notFound, stale, scheduleConflict, noRoomForSlot */
export async function replaceSchedule(
  ctx: Context,
  doctor_id: string,
  { blocks: requested }: WeekRequest,
): Promise<ChangedSchedule> {
  const owner = await getScheduleOwner(ctx, doctor_id)
  const blocks = requested.map((request, at) => blockOf(owner, request, `/body/blocks/${at}`))
  for (const [at, block] of blocks.entries()) {
    const other = blocks.slice(0, at).find((one) => overlap(one, block))
    if (!other) continue
    const errors = [{ path: `/body/blocks/${at}`, code: 'overlap', message: 'Overlaps a block before it in the list' }]
    throw new Problem(scheduleConflict, { block: { ...requested[blocks.indexOf(other)] }, errors })
  }
  return change(ctx, doctor_id, async (tx) => {
    await Promise.all([tx.run(deleteBlocks(doctor_id)), tx.run(insertBlocks(blocks)).catch(refused)])
  })
}

/** @throws Problem notFound, stale */
export async function removeBlock(ctx: Context, doctor_id: string, block_id: string): Promise<ChangedSchedule> {
  await getScheduleOwner(ctx, doctor_id)
  return change(ctx, doctor_id, async (tx) => {
    const removed = await tx.first(deleteBlock(doctor_id, block_id))
    if (!removed) throw new Problem(notFound, { detail: 'The doctor has no such block' })
  })
}

const refused = violating({ schedule_blocks_apart: scheduleConflict })

/** Changes the schedule with its calendar taken, so that nobody else changes it and no booking is judged by the old one. */
function change(ctx: Context, doctor_id: string, work: (tx: Tx) => Promise<void>): Promise<ChangedSchedule> {
  return ctx.database.transaction(async (tx) => {
    const [version, before] = await Promise.all([takeCalendar(ctx, tx, doctor_id), tx.one(findCalendars([doctor_id]))])
    await work(tx)
    const [items, calendars, expected] = await Promise.all([
      tx.rows(findBlocks(doctor_id)),
      tx.rows(findCalendars([doctor_id])),
      mayReadThem(ctx) ? tx.rows(findExpected(doctor_id)) : [],
    ])
    const outside = calendars.map(calendarOf).flatMap((calendar) => outsideOf(calendar, expected))
    const shown = outside.slice(0, mostOutside)
    const patient_ids = [...new Set(shown.map(({ patient_id }) => patient_id))]
    tx.audit({
      action: 'schedule.change',
      resource_type: 'doctor',
      resource_id: doctor_id,
      details: { blocks: items.length, outside: outside.length, patient_ids },
    })
    tx.emit({
      type: 'doctor.schedule_changed',
      subject_type: 'doctor',
      subject_id: doctor_id,
      // Which times are new is for whoever offers them to find out.
      payload: { version, hours_before: openBefore(calendarOf(before), calendars.map(calendarOf)) },
    })
    return { items, version, outside_hours: { total: outside.length, items: shown } }
  })
}

/** The hours as they were, but for those of which less is kept for urgent cases now: to others these are new. */
function openBefore({ hours }: Calendar, now: readonly Calendar[]): readonly WorkingHours[] {
  const blocks = now.flatMap((calendar) => calendar.hours)
  const leastKept = (weekday: number) =>
    Math.min(
      ...blocks.filter(({ weekdays }) => weekdays.includes(weekday)).map(({ emergency_share = 0 }) => emergency_share),
    )
  return hours.filter(
    ({ weekdays, emergency_share = 0 }) => !weekdays.some((weekday) => emergency_share > leastKept(weekday)),
  )
}

/** Whether the caller reads appointments as far as they write schedules: the database shows what lies in the latter reach. */
function mayReadThem({ actor, reach }: Context): boolean {
  const reads = reachOf(actor, 'appointments:read')
  return reads === 'all' || reads === reach
}

function outsideOf({ hours, timezone }: Calendar, expected: readonly Outside[]): Outside[] {
  return expected.filter(({ appointment_time, duration_minutes }) => {
    const starts_at_ms = Date.parse(appointment_time)
    return !coversTime(hours, timezone, { starts_at_ms, ends_at_ms: starts_at_ms + duration_minutes * 60_000 })
  })
}

/** @throws Problem noRoomForSlot, invalidRequest */
function blockOf(owner: ScheduleOwner, request: BlockRequest, path = '/body'): ScheduleBlock {
  const { slot_minutes = owner.consultation_minutes, location = null, valid_until = null } = request
  const valid_from = request.valid_from ?? Temporal.Now.plainDateISO(owner.timezone).toString()
  if (minutesOf(request.end_time) - minutesOf(request.start_time) < slot_minutes) {
    const errors = [{ path: `${path}/slot_minutes`, code: 'too_big', message: 'Must fit into the block' }]
    throw new Problem(noRoomForSlot, { errors })
  }
  if (valid_until !== null && valid_until < valid_from) {
    const message = `Must not be before valid_from, which is today (${valid_from}) unless given`
    throw new Problem(invalidRequest, { errors: [{ path: `${path}/valid_until`, code: 'custom', message }] })
  }
  return { id: randomUUIDv7(), doctor_id: owner.id, ...request, slot_minutes, location, valid_from, valid_until }
}

function overlap(one: ScheduleBlock, other: ScheduleBlock): boolean {
  return (
    one.weekday === other.weekday &&
    one.start_time < other.end_time &&
    other.start_time < one.end_time &&
    one.valid_from <= (other.valid_until ?? one.valid_from) &&
    other.valid_from <= (one.valid_until ?? other.valid_from)
  )
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}
