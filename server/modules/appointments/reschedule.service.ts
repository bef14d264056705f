import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { conflict, notFound, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Calendar, Calendars } from '#modules/doctors'
import { shownAppointment } from './appointment.answer.ts'
import { invalidTransition, type RescheduleRequest, resourceTaken, slotTaken } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { openKey, openNotes, sealChanges, sealReason } from './appointment.sealing.ts'
import { findAppointment, insertChange, lockCalendars, moveAppointment } from './appointment.store.ts'
import { assertInTime, lock, type Locked, subjectOf } from './locked.ts'
import { findRefusal } from './refusal.ts'
import { assertMayTake, keepOnly, refusedResource, reserveFor, resourcesTaken } from './resources.ts'
import { type AskedSlot, findSlot } from './slot-choice.ts'
import { movable, transitions } from './transitions.ts'
import { another, mostLooks, mostWaits, tryFor } from './turns.ts'

export type Move = {
  calendar: Calendar
  slot: AskedSlot
  reason: string | null
  /** Those that it needs from now on; undefined: those that it has. */
  resource_ids?: string[] | undefined
}

/**
 * Moves an appointment, or leaves it where it is. The time is judged before the row is taken, since a calendar is read on a
 * connection of its own; whatever changed in between is noticed and judged again.
 * @throws Problem as booking does, and notFound, forbidden, stale, invalidTransition, pastCutOff
 */
export async function rescheduleAppointment(
  ctx: Context,
  calendars: Calendars,
  id: string,
  request: RescheduleRequest,
): Promise<Appointment> {
  const { resource_ids, reason = null } = request
  assertMayTake(ctx, resource_ids)
  for (let look = 1; look <= mostLooks; look += 1) {
    const [known] = await ctx.database.read(findAppointment(id))
    if (!known) throw new Problem(notFound)
    const { patient_id, priority } = known
    const { doctor_id = known.doctor_id, appointment_time } = request
    const wanted = { doctor_id, appointment_time, patient_id, priority }
    const { calendar, slot } = await findSlot(ctx, calendars, wanted, look > 1)
    const refusal = () => findRefusal(ctx, calendar, { ...wanted, ...slot }, { own: id, priority })
    const other = look <= mostWaits ? another(`${doctor_id} ${appointment_time}`) : undefined
    if (other) {
      await other
      const refused = await refusal()
      if (refused) throw refused
      continue
    }
    // Another doctor has still to say whether new patients are taken.
    const refused = doctor_id === known.doctor_id ? undefined : await refusal()
    if (refused) throw refused
    const work = attemptMove(ctx, id, known, { calendar, slot, reason, resource_ids })
    const moved = await tryFor(`${doctor_id} ${appointment_time}`, work)
    if (typeof moved === 'object') return moved
    if (moved === 'resource_taken')
      throw await resourcesTaken(ctx, calendar, slot, resource_ids ?? known.resource_ids, priority)
    const lost = await refusal()
    if (lost) throw lost
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

async function attemptMove(
  ctx: Context,
  id: string,
  judged: { version: number; patient_id: string },
  move: Move,
): Promise<Appointment | 'again' | 'taken' | 'resource_taken'> {
  const work = async (tx: Tx) => {
    const known = await lock(ctx, tx, id)
    assertMovable(ctx, known)
    // A merge moves an appointment to another record without a version of its own.
    if (known.version !== judged.version || known.patient_id !== judged.patient_id) return 'again' as const
    const ids = [
      known.doctor_id,
      move.calendar.id,
      known.patient_id,
      ...known.resource_ids,
      ...(move.resource_ids ?? []),
    ]
    const locked = tx.run(lockCalendars([...new Set(ids)]))
    const [, moved] = await Promise.all([locked, applyMove(ctx, tx, known, move)])
    return moved ?? ('again' as const)
  }
  return ctx.database.transaction(work).catch((error: unknown) => {
    if (error instanceof Problem && error.kind === slotTaken) return 'taken' as const
    if (error instanceof Problem && error.kind === resourceTaken) return 'resource_taken' as const
    throw error
  })
}

/** @throws Problem invalidTransition, pastCutOff */
export function assertMovable(ctx: Context, known: Locked) {
  if (!movable.includes(known.status)) {
    throw new Problem(invalidTransition, {
      detail: `An appointment that is ${known.status} cannot be moved: book a new one`,
      allowed: transitions[known.status],
    })
  }
  assertInTime(ctx, known)
}

/**
 * Moves it with its resources, and writes history, entry and event; undefined where the doctor's calendar is another by now.
 * Whether it may be moved is for the caller to judge, and `lockCalendars` comes first.
 * @throws Problem slotTaken, resourceTaken, resourceUnknown, forbidden; then nothing of the transaction is kept
 */
export async function applyMove(
  ctx: Context,
  tx: Tx,
  known: Locked,
  { calendar, slot, reason, resource_ids }: Move,
): Promise<Appointment | undefined> {
  const { id, patient_id } = known
  const user_id = certain(ctx.actor.user_id, 'user')
  const kept = resource_ids && tx.run(keepOnly(id, resource_ids, user_id))
  const moved = tx
    .first(moveAppointment(id, { doctor_id: calendar.id, calendar_version: calendar.version, ...slot }))
    .catch(violating({ appointments_doctor_free: slotTaken, appointments_patient_free: slotTaken }))
    .catch(refusedResource)
  const [, changed] = await Promise.all([kept, moved])
  if (!changed) return undefined
  const key = openKey(ctx.system.keys.keyring, known)
  const change_id = randomUUIDv7()
  const sealed_reason = sealReason(key, change_id, reason)
  const changes = {
    appointment_time: { before: known.appointment_time, after: slot.starts_at },
    ...(calendar.id === known.doctor_id ? {} : { doctor_id: { before: known.doctor_id, after: calendar.id } }),
    ...(resource_ids ? { resource_ids: { before: known.resource_ids, after: resource_ids } } : {}),
  }
  tx.audit({
    action: 'appointment.reschedule',
    ...subjectOf(known),
    changes: sealChanges(key, changes),
    details: { fields: Object.keys(changes) },
  })
  tx.emit(
    eventOf('rescheduled', known, {
      doctor_id: calendar.id,
      appointment_time: slot.starts_at,
      from_doctor_id: known.doctor_id,
      from_time: known.appointment_time,
      version: known.version + 1,
    }),
  )
  await Promise.all([
    resource_ids && reserveFor(tx, id, resource_ids, user_id),
    tx.run(
      insertChange({
        id: change_id,
        appointment_id: id,
        patient_id,
        user_id,
        from_status: known.status,
        to_status: known.status,
        from_time: known.appointment_time,
        to_time: slot.starts_at,
        key_id: sealed_reason ? known.key_id : null,
        sealed_reason,
      }),
    ),
  ])
  const duration_minutes = (Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000
  const after = {
    ...known,
    ...changed,
    doctor_id: calendar.id,
    appointment_time: slot.starts_at,
    duration_minutes,
    lane: 0,
    resource_ids: resource_ids?.toSorted() ?? known.resource_ids,
  }
  return shownAppointment(ctx, after, openNotes(key, id, known.sealed_notes))
}
