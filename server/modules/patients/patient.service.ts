// Reading a patient, deleting and restoring. Registration and changes have files of their own.
import { type Patient, patientErased, patientMerged } from './patient.contract.ts'
import { answerPatient, seesIdentifiers } from './patient.answer.ts'
import { findPatient, lockPatient, type PatientRow, setPatientActive } from './patient.store.ts'
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'

/** @throws Problem notFound, patientErased */
export async function readPatient(ctx: Context, patient_id: string): Promise<Patient> {
  const [row] = await ctx.database.read(findPatient(patient_id, ctx.reach, ctx.actor))
  if (!row) throw new Problem(notFound)
  if (row.through_glass) ctx.saw({ purpose: 'BTG' })
  const unmasked = seesIdentifiers(ctx.actor, patient_id)
  if (unmasked && row.sealed_identifiers) ctx.saw({ details: { identifiers: 'full' } })
  return answerPatient(ctx.system.keys.keyring, row, unmasked)
}

/** Deleting what is deleted already changes nothing. @throws Problem notFound, stale, patientErased */
export async function deletePatient(ctx: Context, patient_id: string): Promise<void> {
  await setActive(ctx, patient_id, false)
}

/** @throws Problem notFound, stale, patientErased, patientMerged */
export async function restorePatient(ctx: Context, patient_id: string): Promise<Patient> {
  const row = await setActive(ctx, patient_id, true)
  return answerPatient(ctx.system.keys.keyring, row, seesIdentifiers(ctx.actor, patient_id))
}

async function setActive(ctx: Context, patient_id: string, is_active: boolean): Promise<PatientRow> {
  return ctx.database.transaction(async (tx) => {
    const row = await lockPatient(tx, patient_id, ctx.reach, ctx.actor)
    if (!row) throw new Problem(notFound)
    if (row.erased_at !== null) throw new Problem(patientErased)
    if (is_active && row.merged_into !== null) throw new Problem(patientMerged)
    if (ctx.if_match !== undefined && ctx.if_match !== row.version) throw new Problem(stale)
    if (row.is_active === is_active) return row
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
  })
}
