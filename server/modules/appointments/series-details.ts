// What is noted of many occurrences, and their cancellation; each with its history, entry and event.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { DetailsRequest } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import { openKey, openNotes, sealChanges, sealNotes, sealReason } from './appointment.sealing.ts'
import type { StoredOccurrence } from './appointment.store.ts'
import { assertMayNote, changedFields, sealDetails } from './details.service.ts'
import { subjectOf } from './locked.ts'
import { describeAll, insertChanges } from './series-change.store.ts'

export async function cancelOccurrences(
  ctx: Context,
  tx: Tx,
  all: readonly StoredOccurrence[],
  reason: string | null,
): Promise<void> {
  const user_id = certain(ctx.actor.user_id, 'user')
  const written = all.map((one) => {
    const { id, patient_id, doctor_id, appointment_time, status: from_status, version } = one
    const key = openKey(ctx.system.keys.keyring, one)
    const notes = openNotes(key, id, one.sealed_notes)
    const sealed_notes = key ? sealNotes(key, id, { ...notes, cancel_reason: reason }) : one.sealed_notes
    const change_id = randomUUIDv7()
    const sealed_reason = sealReason(key, change_id, reason)
    const details = { from_status, to_status: 'cancelled' } as const
    tx.audit({ action: 'appointment.cancel', ...subjectOf(one), details: { ...details, series_id: one.series_id } })
    tx.emit(eventOf('cancelled', one, { doctor_id, appointment_time, version: version + 1, ...details }))
    const after = { ...one, status: 'cancelled' as const, key_id: sealed_notes ? one.key_id : null, sealed_notes }
    const change = {
      id: change_id,
      appointment_id: id,
      patient_id,
      user_id,
      ...details,
      from_time: null,
      to_time: null,
    }
    return { after, change: { ...change, key_id: sealed_reason ? one.key_id : null, sealed_reason } }
  })
  await Promise.all([
    tx.run(describeAll(written.map(({ after }) => after))),
    tx.run(insertChanges(written.map(({ change }) => change))),
  ])
}

/** What changes nothing of an occurrence is no change of it. @throws Problem forbidden */
export async function describeOccurrences(
  ctx: Context,
  tx: Tx,
  all: readonly StoredOccurrence[],
  request: DetailsRequest,
): Promise<void> {
  const written = all.flatMap((one) => {
    assertMayNote(ctx, one, request)
    const key = openKey(ctx.system.keys.keyring, one)
    const before = openNotes(key, one.id, one.sealed_notes)
    const { fields, changes, wanted } = changedFields(one, before, request)
    if (fields.length === 0) return []
    const after = { ...before, reason: wanted.reason, notes: wanted.notes }
    const sealed_notes = sealDetails(key, one, after, fields)
    tx.audit({
      action: 'appointment.change',
      ...subjectOf(one),
      changes: sealChanges(key, changes),
      details: { fields, series_id: one.series_id },
    })
    tx.emit(eventOf('changed', one, { fields, version: one.version + 1 }))
    const { kind, priority } = wanted
    return [{ ...one, kind, priority, key_id: sealed_notes ? one.key_id : null, sealed_notes }]
  })
  if (written.length > 0) await tx.run(describeAll(written))
}
