// Who prescribes, and for whom: a doctor who treats the patient, and never for themselves.
import { type Changeable, isOwnRecord, lockChangeable } from '#modules/patients'
import { type Context, reachOf } from '#platform/context.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { noCareRelationship } from './prescription.contract.ts'
import { findPrescription, isPatientRead, lockPrescription, type StoredPrescription } from './prescription.store.ts'

/** Emergency access opens a record; it makes nobody the patient's doctor. */
export const treating = (ctx: Context): Context => ({ ...ctx, reach: 'own', database: ctx.reaching('own') })

/** @throws Problem forbidden for who is no doctor */
export function prescriberOf({ actor }: Context): string {
  if (actor.doctor_id === undefined) throw new Problem(forbidden, { detail: 'Prescribing takes a doctor profile' })
  return actor.doctor_id
}

/** @throws Problem notFound, noCareRelationship, forbidden, patientErased, patientMerged, patientInactive */
export async function lockTreated(ctx: Context, tx: Tx, patient_id: string): Promise<Changeable> {
  if (isOwnRecord({ ...ctx, reach: 'own' }, patient_id))
    throw new Problem(forbidden, { detail: 'Nobody prescribes for themselves' })
  return lockChangeable(treating(ctx), tx, patient_id)
}

/**
 * Somebody who is read but not treated is told so; of all others there is nothing to tell.
 * @throws Problem notFound, noCareRelationship
 */
export async function refuseUntreated(ctx: Context, patient_id: string): Promise<never> {
  const reach = reachOf(ctx.actor, 'patients:read')
  const isRead = reach !== undefined && (await ctx.reaching(reach).once((tx) => tx.first(isPatientRead(patient_id))))
  throw new Problem(isRead ? noCareRelationship : notFound)
}

/**
 * Changes a prescription under the lock of its patient, so that nothing of the record changes between the check and the signature.
 * @throws Problem notFound, noCareRelationship, forbidden, stale, patientErased, patientMerged, patientInactive
 */
export async function changePrescription<T>(
  ctx: Context,
  id: string,
  work: (tx: Tx, stored: StoredPrescription, patient: Changeable) => Promise<T>,
): Promise<T> {
  const { database } = treating(ctx)
  const known = await database.once((tx) => tx.first(findPrescription(id)))
  if (!known) return refuseUnknown(ctx, id)
  return database.transaction(async (tx) => {
    const patient = await lockTreated(ctx, tx, known.patient_id)
    const [, stored] = await Promise.all([tx.run(lockPrescription(id)), tx.first(findPrescription(id))])
    if (stored?.patient_id !== known.patient_id) throw new Problem(notFound)
    assertCurrent(ctx, stored.version)
    return work(tx, stored, patient)
  })
}

async function refuseUnknown(ctx: Context, id: string): Promise<never> {
  const reach = reachOf(ctx.actor, 'prescriptions:read')
  const read = reach === undefined ? undefined : await ctx.reaching(reach).once((tx) => tx.first(findPrescription(id)))
  throw new Problem(read ? noCareRelationship : notFound)
}

/** @throws Problem stale */
export function assertCurrent(ctx: Context, version: number) {
  if (ctx.if_match !== undefined && ctx.if_match !== version) throw new Problem(stale, { current_version: version })
}
