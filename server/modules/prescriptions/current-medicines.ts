// What somebody is taking, as far as it was prescribed here.
import { readOfPatient } from '#modules/patients'
import { type Context, reachOf } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { stillTaken } from './patient-facts.ts'
import type { Medicine } from './prescription.contract.ts'
import { openContent, openKey } from './prescription.sealing.ts'
import { listInForce } from './prescription.store.ts'

type CurrentMedicine = Medicine & { prescription_id: string; signed_at: string; is_expired: boolean }

/** In the reach of the transaction, newest first. @throws Problem keyUnavailable, IntegrityError */
export async function readCurrentMedicines(
  keyring: Keyring,
  tx: Tx,
  patient_id: string,
  other_than: string | null,
): Promise<CurrentMedicine[]> {
  const inForce = await tx.rows(listInForce(patient_id, other_than))
  const now = Temporal.Now.instant()
  return inForce.flatMap((row) => {
    const { id: prescription_id, signed_at, status } = row
    if (signed_at === null) return []
    const { medicines } = openContent(openKey(keyring, row), row)
    return medicines
      .filter((medicine) => stillTaken(medicine, row, now))
      .map((medicine) => ({ ...medicine, prescription_id, signed_at, is_expired: status === 'expired' }))
  })
}

/** As far as the caller may read prescriptions; without those that ran out before anybody handed them out. */
export async function listCurrentMedicines(ctx: Context, patient_id: string): Promise<CurrentMedicine[]> {
  const reach = reachOf(ctx.actor, 'prescriptions:read')
  if (reach === undefined) return []
  const { keyring } = ctx.system.keys
  const found = await ctx.reaching(reach).once((tx) => readCurrentMedicines(keyring, tx, patient_id, null))
  return found.filter(({ is_expired }) => !is_expired)
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function readMedicinesOfPatient(ctx: Context, patient_id: string) {
  const { keyring } = ctx.system.keys
  const found = await readOfPatient(ctx, patient_id, (tx) => readCurrentMedicines(keyring, tx, patient_id, null))
  const items = found.flatMap(({ is_expired, ...medicine }) => (is_expired ? [] : [medicine]))
  ctx.saw({ patient_id, details: { count: items.length } })
  return { items }
}
