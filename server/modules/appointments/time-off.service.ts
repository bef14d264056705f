import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, reachOf } from '#platform/context.ts'
import { conflict, forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { getScheduleOwner, takeCalendar } from '#modules/doctors'
import { openKey, openNotes, sealNotes, sealReason } from './appointment.sealing.ts'
import { insertChange, updateStatus } from './appointment.store.ts'
import { eventOf } from './appointment.event.ts'
import {
  type Affected,
  mostNamed,
  type NewTimeOff,
  type TimeOff,
  timeOffConflict,
  type TimeOffQuery,
  type TimeOffRequest,
} from './time-off.contract.ts'
import {
  deleteTimeOff,
  findAffected,
  findTimeOff,
  insertTimeOff,
  lockAffected,
  lockFreeAffected,
  type StoredAffected,
} from './time-off.store.ts'

/** What patients and the history are told. */
const cancelReason = 'The doctor is not available'

export async function listTimeOff(
  ctx: Context,
  doctor_id: string,
  { from }: TimeOffQuery,
): Promise<{ items: TimeOff[] }> {
  const { timezone } = await getScheduleOwner(ctx, doctor_id)
  const day = from === undefined ? Temporal.Now.plainDateISO(timezone) : Temporal.PlainDate.from(from)
  const begin = day.toZonedDateTime(timezone).toInstant().toString()
  return { items: await ctx.database.once((tx) => tx.rows(findTimeOff(doctor_id, begin))) }
}

/**
 * Takes time off, and cancels the appointments in it where that is asked for: all of it or nothing. No booking slips in between:
 * each names the version of the calendar that it was judged by, and this is a new one.
 * @throws Problem notFound, timeOffConflict, forbidden
 */
export async function addTimeOff(ctx: Context, doctor_id: string, request: TimeOffRequest): Promise<NewTimeOff> {
  await getScheduleOwner(ctx, doctor_id)
  if (request.cancel_appointments && !reachesThem(ctx, 'appointments:cancel')) {
    throw new Problem(forbidden, { detail: 'Your role does not allow cancelling these appointments: move them first' })
  }
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const added = await ctx.database.transaction((tx) => attemptTimeOff(ctx, tx, doctor_id, request)).catch(orAgain)
    if (added) return added
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

/** Somebody is at one of the appointments, and may wait for the calendar in turn. */
const busy = new Error('an appointment is being changed')
const orAgain = (error: unknown): undefined => {
  if (error !== busy) throw error
}

async function attemptTimeOff(ctx: Context, tx: Tx, doctor_id: string, request: TimeOffRequest): Promise<NewTimeOff> {
  const { starts_at, ends_at, reason = null } = request
  const time = { doctor_id, starts_at, ends_at }
  const [, version, locked, affected] = await Promise.all([
    tx.run(lockAffected(time)),
    takeCalendar(ctx, tx, doctor_id),
    tx.rows(lockFreeAffected(time)),
    tx.rows(findAffected(time)),
  ])
  if (locked.length < affected.length) throw busy
  if (affected.length > 0 && !request.cancel_appointments) throw await expected(ctx, affected)

  const off = { id: randomUUIDv7(), ...time, reason }
  const cancelled_appointments = shown(affected.map((one) => ({ ...one, status: 'cancelled' })))
  tx.audit({
    action: 'time_off.add',
    resource_type: 'doctor',
    resource_id: doctor_id,
    details: { time_off_id: off.id, cancelled: affected.length, patient_ids: patientsOf(cancelled_appointments) },
  })
  tx.emit({
    type: 'doctor.time_off_added',
    subject_type: 'doctor',
    subject_id: doctor_id,
    payload: { time_off_id: off.id, starts_at, ends_at, version },
  })
  const [added] = await Promise.all([
    tx.one(insertTimeOff(off, certain(ctx.actor.user_id, 'user'))),
    ...affected.map((appointment) => cancel(ctx, tx, doctor_id, appointment)),
  ])
  return { ...added, cancelled_appointments }
}

/** Takes time off back. @throws Problem notFound */
export async function removeTimeOff(ctx: Context, doctor_id: string, id: string): Promise<void> {
  await getScheduleOwner(ctx, doctor_id)
  await ctx.database.transaction(async (tx) => {
    const [version, removed] = await Promise.all([
      takeCalendar(ctx, tx, doctor_id),
      tx.first(deleteTimeOff(doctor_id, id)),
    ])
    if (!removed) throw new Problem(notFound, { detail: 'The doctor has no such time off' })
    tx.audit({
      action: 'time_off.remove',
      resource_type: 'doctor',
      resource_id: doctor_id,
      details: { time_off_id: id },
    })
    tx.emit({
      type: 'doctor.time_off_removed',
      subject_type: 'doctor',
      subject_id: doctor_id,
      payload: { time_off_id: id, starts_at: removed.starts_at, ends_at: removed.ends_at, version },
    })
  })
}

async function cancel(ctx: Context, tx: Tx, doctor_id: string, known: StoredAffected): Promise<void> {
  const { id, patient_id, status, appointment_time } = known
  const key = openKey(ctx.system.keys.keyring, known)
  const sealed_notes = key
    ? sealNotes(key, id, { ...openNotes(key, id, known.sealed_notes), cancel_reason: cancelReason })
    : known.sealed_notes
  const change_id = randomUUIDv7()
  const sealed_reason = key ? sealReason(key, change_id, cancelReason) : null
  const details = { from_status: status, to_status: 'cancelled', reason: 'doctor_unavailable' } as const
  tx.audit({ action: 'appointment.cancel', resource_type: 'appointment', resource_id: id, patient_id, details })
  tx.emit(eventOf('cancelled', known, { doctor_id, appointment_time, ...details }))
  await Promise.all([
    tx.run(updateStatus(id, 'cancelled', { key_id: sealed_notes ? known.key_id : null, sealed_notes })),
    tx.run(
      insertChange({
        id: change_id,
        appointment_id: id,
        patient_id,
        user_id: certain(ctx.actor.user_id, 'user'),
        from_status: status,
        to_status: 'cancelled',
        from_time: null,
        to_time: null,
        key_id: sealed_reason ? known.key_id : null,
        sealed_reason,
      }),
    ),
  ])
}

/** Naming the appointments is reading them. */
async function expected(ctx: Context, affected: readonly StoredAffected[]): Promise<Problem> {
  if (!reachesThem(ctx, 'appointments:read')) {
    return new Problem(timeOffConflict, { appointments: { total: affected.length, items: [] } })
  }
  const appointments = shown(affected)
  const details = { count: appointments.items.length, patient_ids: patientsOf(appointments) }
  await ctx.record({ action: 'appointment.list', resource_type: 'appointment', details })
  return new Problem(timeOffConflict, { appointments })
}

/** Whether the caller holds this permission as far as they write schedules: the database works in the latter reach. */
function reachesThem({ actor, reach }: Context, permission: string): boolean {
  const given = reachOf(actor, permission)
  return given === 'all' || given === reach
}

type Shown = { total: number; items: Affected[] }

const patientsOf = ({ items }: Shown) => [...new Set(items.map(({ patient_id }) => patient_id))]

function shown(affected: readonly Affected[]): Shown {
  const items = affected
    .slice(0, mostNamed)
    .map(({ id, confirmation_code, patient_id, appointment_time, duration_minutes, status }) => {
      return { id, confirmation_code, patient_id, appointment_time, duration_minutes, status }
    })
  return { total: affected.length, items }
}
