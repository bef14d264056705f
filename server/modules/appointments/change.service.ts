import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { conflict, forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Calendar, Calendars } from '#modules/doctors'
import {
  type Appointment,
  type AppointmentStatus,
  type CancelRequest,
  invalidTransition,
  pastCutOff,
  type RescheduleRequest,
  slotTaken,
  type StatusRequest,
} from './appointment.contract.ts'
import { openKey, openNotes, sealChanges, sealNotes, sealReason } from './appointment.sealing.ts'
import { shownAppointment } from './appointment.service.ts'
import {
  findAppointment,
  insertChange,
  lockAppointment,
  lockCalendars,
  moveAppointment,
  type StoredAppointment,
  updateStatus,
} from './appointment.store.ts'
import {
  type AskedSlot,
  doctorMissing,
  eventOf,
  findRefusal,
  mayBookWith,
  outsideSlots,
  slotOf,
  slotPriority,
} from './booking.service.ts'
import { movable, ofPatients, transitions } from './transitions.ts'

/** How long before the start patients may still move or cancel. */
const cutOffHours = 24

type Locked = StoredAppointment & { department_id: string | null }

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
  const isCancel = status === 'cancelled'
  return ctx.database.transaction(async (tx) => {
    const known = await lock(ctx, tx, id)
    assertTransition(ctx, known, status)
    const key = openKey(ctx.system.keys.keyring, known)
    const notes = openNotes(key, id, known.sealed_notes)
    const cancelled = isCancel && key ? { ...notes, cancel_reason: reason } : notes
    const sealed = isCancel && key ? sealNotes(key, id, cancelled) : known.sealed_notes
    const change_id = randomUUIDv7()
    const sealed_reason = reason && key ? sealReason(key, change_id, reason) : null
    const details = { from_status: known.status, to_status: status }
    tx.audit({ action: isCancel ? 'appointment.cancel' : 'appointment.set_status', ...subjectOf(known), details })
    tx.emit(
      eventOf(isCancel ? 'cancelled' : 'status_changed', known, {
        doctor_id: known.doctor_id,
        appointment_time: known.appointment_time,
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
    return shownAppointment({ ...known, status, ...changed }, cancelled)
  })
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
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const known = await ctx.database.once((tx) => tx.first(findAppointment(id)))
    if (!known) throw new Problem(notFound)
    const doctor_id = request.doctor_id ?? known.doctor_id
    const calendar = await calendars.find(ctx, doctor_id, true)
    if (!calendar || !mayBookWith(ctx, calendar, known.patient_id)) throw doctorMissing()
    const slot = slotOf(calendar, request.appointment_time, slotPriority(ctx, known.priority))
    if (!slot) throw await outsideSlots(ctx, calendar, request.appointment_time, known.priority)
    const asked = { patient_id: known.patient_id, doctor_id, ...slot }
    if (doctor_id !== known.doctor_id) {
      const refusal = await findRefusal(ctx, calendar, asked, id)
      if (refusal) throw refusal
    }
    const moved = await move(ctx, known, calendar, slot, request.reason ?? null)
    if (typeof moved === 'object') return moved
    const refusal = moved === 'taken' ? await findRefusal(ctx, calendar, asked, id) : undefined
    if (refusal) throw refusal
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

async function move(
  ctx: Context,
  judged: StoredAppointment,
  calendar: Calendar,
  slot: AskedSlot,
  reason: string | null,
) {
  const { id, patient_id } = judged
  const work = async (tx: Tx): Promise<Appointment | 'again'> => {
    const known = await lock(ctx, tx, id)
    if (!movable.includes(known.status))
      throw new Problem(invalidTransition, {
        detail: `An appointment that is ${known.status} cannot be moved: book a new one`,
        allowed: transitions[known.status],
      })
    assertInTime(ctx, known)
    // A merge moves an appointment to another record without a version of its own.
    if (known.version !== judged.version || known.patient_id !== patient_id) return 'again'
    const key = openKey(ctx.system.keys.keyring, known)
    const change_id = randomUUIDv7()
    const sealed_reason = reason && key ? sealReason(key, change_id, reason) : null
    const moved = tx
      .first(moveAppointment(id, { doctor_id: calendar.id, calendar_version: calendar.version, ...slot }))
      .catch(violating({ appointments_doctor_free: slotTaken, appointments_patient_free: slotTaken }))
    const [, changed] = await Promise.all([tx.run(lockCalendars([calendar.id, patient_id])), moved])
    if (!changed) return 'again'
    const reassigned = calendar.id !== known.doctor_id
    await tx.run(
      insertChange({
        id: change_id,
        appointment_id: id,
        patient_id,
        user_id: certain(ctx.actor.user_id, 'user'),
        from_status: known.status,
        to_status: known.status,
        from_time: known.appointment_time,
        to_time: slot.starts_at,
        key_id: sealed_reason ? known.key_id : null,
        sealed_reason,
      }),
    )
    const changes = {
      appointment_time: { before: known.appointment_time, after: slot.starts_at },
      ...(reassigned ? { doctor_id: { before: known.doctor_id, after: calendar.id } } : {}),
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
        from_time: known.appointment_time,
      }),
    )
    const duration_minutes = (Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000
    const after = { ...known, ...changed, doctor_id: calendar.id, appointment_time: slot.starts_at, duration_minutes }
    return shownAppointment(after, openNotes(key, id, known.sealed_notes))
  }
  return ctx.database.transaction(work).catch((error: unknown) => {
    if (error instanceof Problem && error.kind === slotTaken) return 'taken' as const
    throw error
  })
}

/** The appointment, held until the change commits, for somebody who may change it and has read this version. */
async function lock(ctx: Context, tx: Tx, id: string): Promise<Locked> {
  const known = await lockAppointment(tx, id)
  if (!known) throw new Problem(notFound)
  const { actor, reach } = ctx
  const isOwn = known.patient_id === actor.patient_id || known.doctor_id === actor.doctor_id
  const isOfDepartment =
    reach.includes('department') && known.department_id !== null && known.department_id === actor.department_id
  if (reach !== 'all' && !isOwn && !isOfDepartment) {
    throw new Problem(forbidden, { detail: 'You may read this appointment; the department of its doctor changes it' })
  }
  if (ctx.if_match !== undefined && ctx.if_match !== known.version) throw new Problem(stale)
  return known
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

function assertInTime(ctx: Context, known: Locked) {
  if (!isOfPatient(ctx, known)) return
  const left_ms = Date.parse(known.appointment_time) - Temporal.Now.instant().epochMilliseconds
  if (left_ms < cutOffHours * 3_600_000) {
    throw new Problem(pastCutOff, {
      detail: `You may do this until ${cutOffHours} hours before the start: call the hospital`,
    })
  }
}

/** Whether a patient acts on their own appointment, with no other right to it. */
function isOfPatient({ actor, reach }: Context, { patient_id, doctor_id }: Locked): boolean {
  return reach !== 'all' && patient_id === actor.patient_id && doctor_id !== actor.doctor_id
}

function subjectOf({ id, patient_id }: Locked) {
  return { resource_type: 'appointment', resource_id: id, patient_id }
}
