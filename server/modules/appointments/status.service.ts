import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { shownAppointment } from './appointment.answer.ts'
import { type CancelRequest, invalidTransition, type StatusRequest } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import type { Appointment, AppointmentStatus } from './appointment-record.contract.ts'
import { openKey, openNotes, sealNotes, sealReason } from './appointment.sealing.ts'
import { insertChange, updateStatus } from './appointment.store.ts'
import { assertInTime, isOfPatient, lock, type Locked, subjectOf } from './locked.ts'
import { ofPatients, transitions } from './transitions.ts'

export function cancelAppointment(ctx: Context, id: string, request: CancelRequest): Promise<Appointment> {
  return changeStatus(ctx, id, 'cancelled', request?.reason ?? null)
}

export function setStatus(ctx: Context, id: string, { status, reason = null }: StatusRequest): Promise<Appointment> {
  if (status === 'cancelled' && !holds(ctx.actor, 'appointments:cancel')) {
    throw new Problem(forbidden, { detail: 'Your role does not allow cancelling appointments' })
  }
  return changeStatus(ctx, id, status, reason)
}

/** @throws Problem notFound, forbidden, stale, invalidTransition, pastCutOff */
function changeStatus(
  ctx: Context,
  id: string,
  status: AppointmentStatus,
  reason: string | null,
): Promise<Appointment> {
  return ctx.database.transaction(async (tx) => {
    const known = await lock(ctx, tx, id)
    assertTransition(ctx, known, status)
    return applyStatus(ctx, tx, known, status, reason)
  })
}

/** Writes the change with its history, entry and event. Whether it may be made is for the caller to judge. @throws Problem forbidden */
export async function applyStatus(
  ctx: Context,
  tx: Tx,
  known: Locked,
  status: AppointmentStatus,
  reason: string | null,
): Promise<Appointment> {
  const { id } = known
  const isCancel = status === 'cancelled'
  const key = openKey(ctx.system.keys.keyring, known)
  const notes = openNotes(key, id, known.sealed_notes)
  const cancelled = isCancel && key ? { ...notes, cancel_reason: reason } : notes
  const sealed = isCancel && key ? sealNotes(key, id, cancelled) : known.sealed_notes
  const change_id = randomUUIDv7()
  const sealed_reason = sealReason(key, change_id, reason)
  const details = { from_status: known.status, to_status: status }
  tx.audit({ action: isCancel ? 'appointment.cancel' : 'appointment.set_status', ...subjectOf(known), details })
  tx.emit(
    eventOf(isCancel ? 'cancelled' : 'status_changed', known, {
      doctor_id: known.doctor_id,
      appointment_time: known.appointment_time,
      version: known.version + 1,
      ...details,
    }),
  )
  const [changed] = await Promise.all([
    tx.one(updateStatus(id, status, { key_id: sealed ? known.key_id : null, sealed_notes: sealed })),
    tx.run(
      insertChange({
        id: change_id,
        appointment_id: id,
        patient_id: known.patient_id,
        user_id: certain(ctx.actor.user_id, 'user'),
        from_status: known.status,
        to_status: status,
        from_time: null,
        to_time: null,
        key_id: sealed_reason ? known.key_id : null,
        sealed_reason,
      }),
    ),
  ])
  const isFree = status === 'cancelled' || status === 'no_show'
  const after = { ...known, status, ...changed, ...(isFree ? { resource_ids: [] } : {}) }
  return shownAppointment(ctx, { ...after, consecutive_no_shows: missedAfter(known, status) }, cancelled)
}

/** The count was taken before the change. */
function missedAfter({ consecutive_no_shows: before }: Locked, status: AppointmentStatus): number | null {
  if (status === 'checked_in') return 0
  return before !== null && status === 'no_show' ? before + 1 : before
}

function assertTransition(ctx: Context, known: Locked, status: AppointmentStatus) {
  if (isOfPatient(ctx, known) && !ofPatients.includes(status)) {
    throw new Problem(forbidden, { detail: 'You may confirm or cancel your appointment; the hospital does the rest' })
  }
  const allowed = transitions[known.status]
  if (!allowed.includes(status)) {
    const detail =
      allowed.length === 0
        ? `An appointment that is ${known.status} stays so`
        : `From ${known.status} an appointment goes to ${allowed.join(' or ')}`
    throw new Problem(invalidTransition, { detail, allowed })
  }
  if (status === 'cancelled') assertInTime(ctx, known)
  if (status === 'no_show' && Date.parse(known.appointment_time) > Temporal.Now.instant().epochMilliseconds) {
    throw new Problem(invalidTransition, {
      detail: 'Nobody has missed an appointment that has not begun: wait for its start, or cancel it',
      allowed: allowed.filter((next) => next !== 'no_show'),
    })
  }
}
