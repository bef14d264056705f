// An appointment that is being changed: held until the change commits, for somebody who may change it and has read this version.
import { type Context, holds } from '#platform/context.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { tellsNoShows } from './appointment.answer.ts'
import { cutOffHours, pastCutOff } from './appointment.contract.ts'
import { lockAppointment, type StoredAppointment } from './appointment.store.ts'

export type Locked = StoredAppointment & { department_id: string | null }

/** @throws Problem notFound, forbidden, stale */
export async function lock(ctx: Context, tx: Tx, id: string): Promise<Locked> {
  const known = await lockAppointment(tx, id, tellsNoShows(ctx))
  if (!known) throw new Problem(notFound)
  assertMayChange(ctx, known)
  if (ctx.if_match !== undefined && ctx.if_match !== known.version) throw new Problem(stale)
  return known
}

/** @throws Problem forbidden */
export function assertMayChange({ actor, reach }: Context, known: Locked) {
  const isOwn = known.patient_id === actor.patient_id || known.doctor_id === actor.doctor_id
  const isOfDepartment =
    reach.includes('department') && known.department_id !== null && known.department_id === actor.department_id
  if (reach !== 'all' && !isOwn && !isOfDepartment) {
    throw new Problem(forbidden, { detail: 'You may read this appointment; the department of its doctor changes it' })
  }
}

/** @throws Problem pastCutOff for a patient who is too late */
export function assertInTime(ctx: Context, known: Locked) {
  if (!isOfPatient(ctx, known)) return
  const left_ms = Date.parse(known.appointment_time) - Temporal.Now.instant().epochMilliseconds
  if (left_ms < cutOffHours * 3_600_000) {
    throw new Problem(pastCutOff, {
      detail: `You may do this until ${cutOffHours} hours before the start: call the hospital`,
    })
  }
}

/** Whether a patient acts on their own appointment, with no other right to it. */
export function isOfPatient({ actor, reach }: Context, { patient_id, doctor_id }: Locked): boolean {
  return reach !== 'all' && patient_id === actor.patient_id && doctor_id !== actor.doctor_id
}

export function subjectOf({ id, patient_id }: Locked) {
  return { resource_type: 'appointment', resource_id: id, patient_id }
}

/** Whether the caller acts for the hospital, and not only for themselves. */
export function isAtDesk({ actor }: Context): boolean {
  return holds(actor, 'patients:find')
}
