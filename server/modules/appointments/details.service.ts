import type { Context } from '#platform/context.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import { shownAppointment } from './appointment.answer.ts'
import { type DetailsRequest, invalidTransition } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { type Notes, openKey, openNotes, sealChanges, sealNotes } from './appointment.sealing.ts'
import { updateDetails } from './appointment.store.ts'
import { isAtDesk, isOfPatient, lock, type Locked, subjectOf } from './locked.ts'
import { movable, transitions } from './transitions.ts'

const fields = ['kind', 'priority', 'reason', 'notes'] as const

/**
 * Changes what is noted of an appointment, member by member. What changes nothing is no change.
 * @throws Problem notFound, forbidden, stale, invalidTransition
 */
export function changeDetails(ctx: Context, id: string, request: DetailsRequest): Promise<Appointment> {
  return ctx.database.transaction(async (tx) => {
    const known = await lock(ctx, tx, id)
    assertMayNote(ctx, known, request)
    const key = openKey(ctx.system.keys.keyring, known)
    const before = openNotes(key, id, known.sealed_notes)
    const { fields: changed, changes, wanted } = changedFields(known, before, request)
    if (changed.length === 0) return shownAppointment(ctx, known, before)
    const after = { ...before, reason: wanted.reason, notes: wanted.notes }
    const { kind, priority } = wanted
    const sealed_notes = sealDetails(key, known, after, changed)
    tx.audit({
      action: 'appointment.change',
      ...subjectOf(known),
      changes: sealChanges(key, changes),
      details: { fields: changed },
    })
    tx.emit(eventOf('changed', known, { fields: changed, version: known.version + 1 }))
    const key_id = sealed_notes ? known.key_id : null
    const updated = await tx.one(updateDetails(id, { kind, priority, key_id, sealed_notes }))
    return shownAppointment(ctx, { ...known, kind, priority, ...updated }, after)
  })
}

/** What a request changes of the details, member by member. */
export function changedFields(
  known: Pick<Locked, 'kind' | 'priority'>,
  { reason, notes }: Notes,
  request: DetailsRequest,
) {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
  const was = { kind: known.kind, priority: known.priority, reason, notes }
  const wanted: typeof was = { ...was, ...given }
  const changed = fields.filter((field) => was[field] !== wanted[field])
  const changes = Object.fromEntries(changed.map((field) => [field, { before: was[field], after: wanted[field] }]))
  return { fields: changed, changes, wanted }
}

/** Without the key nothing is noted, and what is sealed stays as it is. @throws Problem forbidden */
export function sealDetails(
  key: DataKey | undefined,
  { id, sealed_notes }: Pick<Locked, 'id' | 'sealed_notes'>,
  after: Notes,
  changed: readonly string[],
): Buffer | null {
  if (key) return sealNotes(key, id, after)
  if (changed.includes('reason') || changed.includes('notes')) {
    throw new Problem(forbidden, {
      detail: 'The record of the patient is out of your reach: nothing can be noted in it',
    })
  }
  return sealed_notes
}

/** @throws Problem forbidden, invalidTransition */
export function assertMayNote(ctx: Context, known: Locked, { kind, priority }: DetailsRequest) {
  if (kind === undefined && priority === undefined) return
  if (!isAtDesk(ctx) || isOfPatient(ctx, known)) {
    throw new Problem(forbidden, { detail: 'You may change the reason and the notes; for the rest call the hospital' })
  }
  if (!movable.includes(known.status)) {
    throw new Problem(invalidTransition, {
      detail: `Kind and priority of an appointment that is ${known.status} stay as they are`,
      allowed: transitions[known.status],
    })
  }
}
