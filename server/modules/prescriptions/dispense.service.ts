// Handing out what was prescribed, and the end of what never was.
import { lockChangeable } from '#modules/patients'
import type { Context, System } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { assertCurrent } from './prescribing.ts'
import { type Prescription, prescriptionNotSigned } from './prescription.contract.ts'
import { shownPrescription } from './prescription.sealing.ts'
import { expirePrescriptions, findPrescription, lockPrescription, updateDispensed } from './prescription.store.ts'

export const expirySchedule = defineSchedule({ name: 'prescriptions.expire', every_seconds: 3600 })
const atOnce = 200

/** @throws Problem as the contract lists */
export async function dispense(ctx: Context, id: string): Promise<Prescription> {
  const known = await ctx.database.once((tx) => tx.first(findPrescription(id)))
  if (!known) throw new Problem(notFound)
  const stored = await ctx.database.transaction(async (tx) => {
    const { purpose } = await lockChangeable(ctx, tx, known.patient_id)
    const [, before] = await Promise.all([tx.run(lockPrescription(id)), tx.first(findPrescription(id))])
    if (before?.patient_id !== known.patient_id) throw new Problem(notFound)
    assertCurrent(ctx, before.version)
    const { status, expires_at, patient_id, doctor_id, version } = before
    const isOver = expires_at !== null && Temporal.Instant.compare(Temporal.Now.instant(), expires_at) >= 0
    if (status !== 'signed' || isOver)
      throw new Problem(prescriptionNotSigned, { prescription_status: isOver ? 'expired' : status })
    await tx.run(updateDispensed(id, ctx.actor.user_id))
    tx.audit({ action: 'prescription.dispense', resource_type: 'prescription', resource_id: id, patient_id, purpose })
    tx.emit({
      type: 'prescription.dispensed',
      subject_type: 'prescription',
      subject_id: id,
      patient_id,
      payload: { doctor_id, version: version + 1 },
    })
    return tx.one(findPrescription(id))
  })
  return shownPrescription(ctx, stored)
}

/** Ends what was signed and never handed out in its time. Any server may, several at once. Returns how many. */
export async function expireOverdue({ pool }: Pick<System, 'pool'>, signal?: AbortSignal): Promise<number> {
  const enter = () => sql`select openward.enter_as('all')`
  const database = scopedDatabase(
    pool,
    { enter },
    { audit: (entry) => ({ role: 'system', correlation_id: 'jobs', ...entry }) },
  )
  for (let done = 0; ;) {
    const count = await database.transaction(async (tx) => {
      const ended = await tx.rows(expirePrescriptions(atOnce))
      for (const { id, patient_id, doctor_id, version } of ended) {
        tx.audit({ action: 'prescription.expire', resource_type: 'prescription', resource_id: id, patient_id })
        tx.emit({
          type: 'prescription.expired',
          subject_type: 'prescription',
          subject_id: id,
          patient_id,
          payload: { doctor_id, version },
        })
      }
      return ended.length
    })
    done += count
    if (count < atOnce || signal?.aborted) return done
  }
}
