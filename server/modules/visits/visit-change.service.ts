// What becomes of a visit.
import { randomUUIDv7 } from 'node:crypto'
import { appointmentFollows } from '#modules/appointments'
import { type Context, reachOf } from '#platform/context.ts'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import {
  bedMissing,
  type Visit,
  type VisitChange,
  type VisitStatus,
  type VisitStatusRequest,
  visitOpen,
  visitTransition,
  visitUnfinished,
} from './visit.contract.ts'
import { openComplaint, openKey, sealComplaint, sealReason } from './visit.sealing.ts'
import { shownVisit } from './visit.service.ts'
import {
  findDoctor,
  findObstacles,
  findVisit,
  hasBed,
  insertVisitChange,
  lockVisit,
  type StoredVisit,
  updateStatus,
  updateVisit,
} from './visit.store.ts'
import { endings, followedBy, isCorrection, visitTransitions } from './visit-transitions.ts'

/** @throws Problem notFound, stale, visitTransition where the visit has ended */
export function changeVisit(ctx: Context, id: string, change: VisitChange): Promise<Visit> {
  return ctx.database.transaction(async (tx) => {
    const known = await lock(ctx, tx, id)
    if (known.closed_at !== null)
      throw new Problem(visitTransition, { detail: 'A visit that has ended is not changed', allowed: [] })
    if (
      change.doctor_id !== null &&
      change.doctor_id !== known.doctor_id &&
      !(await tx.first(findDoctor(change.doctor_id)))
    )
      throw new Problem(notFound, { detail: 'There is no active doctor with this id' })
    const key = openKey(ctx.system.keys.keyring, known)
    const sealed_chief_complaint = key ? sealComplaint(key, id, change.chief_complaint) : null
    await tx.run(
      updateVisit(id, change, { key_id: sealed_chief_complaint ? known.key_id : null, sealed_chief_complaint }),
    )
    const { patient_id } = known
    const before = { ...known, chief_complaint: openComplaint(key, id, known.sealed_chief_complaint) }
    const fields = (['doctor_id', 'type', 'priority', 'chief_complaint'] as const).filter(
      (field) => before[field] !== change[field],
    )
    tx.audit({ action: 'visit.update', resource_type: 'visit', resource_id: id, patient_id, details: { fields } })
    tx.emit({ type: 'visit.updated', subject_type: 'visit', subject_id: id, patient_id, payload: { fields } })
    return shown(ctx, tx, id)
  })
}

/** @throws Problem notFound, forbidden, stale, visitTransition, visitUnfinished, bedMissing, visitOpen */
export function setVisitStatus(ctx: Context, id: string, request: VisitStatusRequest): Promise<Visit> {
  const { status, reason = null } = request
  return ctx.database.transaction(async (tx) => {
    const known = await lock(ctx, tx, id)
    await assertMayBecome(ctx, tx, known, status, reason)
    await tx.run(updateStatus(id, status)).catch(violating({ visits_one_open: visitOpen }))
    await noteChange(ctx, tx, known, status, reason)
    return shown(ctx, tx, id)
  })
}

/** The history, the audit entry and the event of a change of status; the appointment goes along. `known` is as before it. */
export async function noteChange(
  ctx: Context,
  tx: Tx,
  known: StoredVisit,
  status: VisitStatus,
  reason: string | null,
): Promise<void> {
  const { id: visit_id, patient_id, appointment_id, status: from_status } = known
  const id = randomUUIDv7()
  const key = reason === null ? undefined : openKey(ctx.system.keys.keyring, known)
  const user_id = ctx.actor.user_id ?? null
  await tx.run(
    insertVisitChange({
      id,
      visit_id,
      patient_id,
      user_id,
      from_status,
      to_status: status,
      key_id: key?.id ?? null,
      sealed_reason: key && reason !== null ? sealReason(key, id, reason) : null,
    }),
  )
  const details = { from_status, to_status: status }
  tx.audit({ action: 'visit.set_status', resource_type: 'visit', resource_id: visit_id, patient_id, details })
  tx.emit({ type: 'visit.status_changed', subject_type: 'visit', subject_id: visit_id, patient_id, payload: details })
  const followed = followedBy[status]
  if (followed && appointment_id !== null) await appointmentFollows(ctx, tx, appointment_id, followed)
}

async function assertMayBecome(ctx: Context, tx: Tx, known: StoredVisit, to: VisitStatus, reason: string | null) {
  const { status: from, id, patient_id } = known
  const allowed = visitTransitions[from]
  if (!allowed.includes(to)) throw new Problem(visitTransition, { allowed })
  if (isCorrection(from, to)) {
    if (reachOf(ctx.actor, 'visits:update') !== 'all')
      throw new Problem(forbidden, { detail: 'Only an administrator opens a visit again that has ended' })
    if (reason === null) {
      const errors = [{ path: '/body/reason', code: 'required', message: 'Say why the visit is opened again' }]
      throw new Problem(invalidRequest, { errors })
    }
  }
  if (to === 'admitted' && !(await tx.first(hasBed(patient_id)))?.has_bed) throw new Problem(bedMissing)
  if (endings.includes(to)) {
    const obstacles = await tx.rows(findObstacles(id))
    if (obstacles.length > 0) throw new Problem(visitUnfinished, { obstacles }).naming({ patient_id })
  }
}

async function lock(ctx: Context, tx: Tx, id: string): Promise<StoredVisit> {
  const [, known] = await Promise.all([tx.run(lockVisit(id)), tx.first(findVisit(id))])
  if (!known) throw new Problem(notFound)
  if (ctx.if_match !== undefined && ctx.if_match !== known.version) throw new Problem(stale)
  return known
}

async function shown(ctx: Context, tx: Tx, id: string): Promise<Visit> {
  const stored = await tx.first(findVisit(id))
  if (!stored) throw new Problem(notFound)
  return shownVisit(ctx, stored)
}
