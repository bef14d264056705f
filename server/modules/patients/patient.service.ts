// Reading a patient, deleting and restoring. Registration and changes have files of their own.
import { type Patient, patientErased, patientExpected, patientMerged } from './patient.contract.ts'
import { answerPatient, seesIdentifiers } from './patient.answer.ts'
import { cancelExpected, isCancellable, isInReach, lockExpected } from './patient-deletion.store.ts'
import { findPatients, lockPatient, type PatientRow, setPatientActive } from './patient.store.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { type Context, holds } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'

/** @throws Problem notFound, patientErased */
export async function readPatient(ctx: Context, patient_id: string): Promise<Patient> {
  const [row] = await ctx.database.readAmong(findPatients, { id: patient_id, reach: ctx.reach, actor: ctx.actor })
  if (!row) throw new Problem(notFound)
  if (row.through_glass) ctx.saw({ purpose: 'BTG' })
  const unmasked = seesIdentifiers(ctx.actor, patient_id)
  if (unmasked && row.sealed_identifiers) ctx.saw({ details: { identifiers: 'full' } })
  return answerPatient(ctx.system.keys.keyring, row, unmasked)
}

/**
 * Deleting what is deleted already changes nothing.
 * @throws Problem notFound, stale, patientErased, patientExpected; forbidden where the caller may not cancel appointments
 */
export async function deletePatient(ctx: Context, patient_id: string, cancel_appointments: boolean): Promise<void> {
  if (cancel_appointments && !holds(ctx.actor, 'appointments:cancel')) {
    throw new Problem(forbidden, { detail: 'Your role does not allow cancelling appointments' })
  }
  // Nobody is deleted who is expected somewhere, be that beyond the caller's own reach.
  await ctx.reaching('all').transaction(async (tx) => {
    const known = await tx.first(isInReach(patient_id, ctx.reach))
    if (!known?.is_in_reach) throw new Problem(notFound)
    await setActive(ctx, tx, patient_id, false, () => cancelOrRefuse(ctx, tx, patient_id, cancel_appointments))
  })
}

/** @throws Problem patientExpected */
async function cancelOrRefuse(ctx: Context, tx: Tx, patient_id: string, cancel_appointments: boolean): Promise<void> {
  const expected = await tx.rows(lockExpected(patient_id))
  if (expected.length === 0) return
  if (!cancel_appointments || !expected.every(isCancellable)) {
    throw new Problem(patientExpected, {
      detail: expected.every(isCancellable)
        ? 'Move or cancel these appointments, or repeat with cancel_appointments=true, which cancels them'
        : 'An appointment of this patient is in progress: complete it first',
      appointments: expected.map(({ id, confirmation_code, doctor_id, appointment_time, status }) => ({
        id,
        confirmation_code,
        doctor_id,
        appointment_time,
        status,
      })),
    }).naming({ patient_id })
  }
  await tx.run(cancelExpected(expected, ctx.actor.user_id))
  for (const { id, doctor_id, appointment_time, status, version } of expected) {
    const details = { from_status: status, to_status: 'cancelled' }
    tx.audit({ action: 'appointment.cancel', resource_type: 'appointment', resource_id: id, patient_id, details })
    tx.emit({
      type: 'appointment.cancelled',
      subject_type: 'appointment',
      subject_id: id,
      patient_id,
      payload: { doctor_id, appointment_time, ...details, version: version + 1 },
    })
  }
}

/** @throws Problem notFound, stale, patientErased, patientMerged */
export async function restorePatient(ctx: Context, patient_id: string): Promise<Patient> {
  const row = await ctx.database.transaction((tx) => setActive(ctx, tx, patient_id, true))
  return answerPatient(ctx.system.keys.keyring, row, seesIdentifiers(ctx.actor, patient_id))
}

async function setActive(
  ctx: Context,
  tx: Tx,
  patient_id: string,
  is_active: boolean,
  before: () => Promise<void> = async () => undefined,
): Promise<PatientRow> {
  const row = await lockPatient(tx, patient_id, ctx.reach, ctx.actor)
  if (!row) throw new Problem(notFound)
  if (row.through_glass) ctx.saw({ purpose: 'BTG' })
  if (row.erased_at !== null) throw new Problem(patientErased)
  if (is_active && row.merged_into !== null)
    throw new Problem(patientMerged, { merged_into: row.merged_into }).naming({ patient_id })
  if (ctx.if_match !== undefined && ctx.if_match !== row.version) throw new Problem(stale)
  if (row.is_active === is_active) return row
  await before()
  const stamp = await tx.first(setPatientActive(patient_id, is_active))
  const verb = is_active ? 'restore' : 'delete'
  tx.audit({
    action: `patient.${verb}`,
    resource_type: 'patient',
    resource_id: patient_id,
    patient_id,
    purpose: row.through_glass ? 'BTG' : undefined,
  })
  tx.emit({
    type: `patient.${verb}d`,
    subject_type: 'patient',
    subject_id: patient_id,
    patient_id,
    payload: { version: row.version + 1 },
  })
  return { ...row, ...stamp, is_active }
}
