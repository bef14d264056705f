// How a patient wants to be told of appointments.
import type { Context } from '#platform/context.ts'
import { Problem, stale } from '#platform/contract/problem.ts'
import { certain } from '#platform/certain.ts'
import { lockChangeable, readOfPatient } from '#modules/patients'
import type { NotificationPreferences, PreferencesRequest } from './notification.contract.ts'
import { findPreferences, upsertPreferences } from './preferences.store.ts'

/** What holds for whoever has chosen nothing. */
const usual = {
  email: true,
  reminder_minutes: [1440],
  quiet_from: null,
  quiet_until: null,
  timezone: null,
  updated_at: null,
  version: 0,
}

/** @throws Problem notFound, patientErased */
export async function getPreferences(ctx: Context, patient_id: string): Promise<NotificationPreferences> {
  const chosen = await readOfPatient(ctx, patient_id, (tx) => tx.first(findPreferences(patient_id)))
  return { patient_id, ...usual, ...chosen }
}

/** @throws Problem notFound, patientErased, patientMerged, patientInactive, stale */
export function choosePreferences(
  ctx: Context,
  patient_id: string,
  request: PreferencesRequest,
): Promise<NotificationPreferences> {
  return ctx.database.transaction(async (tx) => {
    const { purpose } = await lockChangeable(ctx, tx, patient_id)
    const known = { ...usual, ...(await tx.first(findPreferences(patient_id))) }
    if (ctx.if_match !== undefined && ctx.if_match !== known.version) throw new Problem(stale)
    const written = await tx.first(upsertPreferences(patient_id, request))
    tx.audit({
      action: 'notification_preferences.update',
      resource_type: 'patient',
      resource_id: patient_id,
      patient_id,
      purpose,
      details: { email: request.email, reminders: request.reminder_minutes.length },
    })
    return { patient_id, ...certain(written, 'preferences written') }
  })
}
