// Alerts: raised with what was signed, told to one after the other, until somebody says that they look after it.
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { lockChangeable } from '#modules/patients'
import { acknowledgeAlert, type AlertReason, escalateAlerts, insertAlert, type SealedAction } from './alert.store.ts'
import { isClinician } from './assessment.answer.ts'
import { type AcknowledgeRequest, noOpenAlert } from './assessment.contract.ts'
import type { Assessment } from './assessment-record.contract.ts'
import { sealAction } from './assessment.sealing.ts'
import { note, shownIn } from './assessment.service.ts'
import { findAssessment, type StoredAssessment } from './assessment.store.ts'

/** The hospital's choice: RCP 2017 asks for an immediate response and gives no number. */
export const escalationMinutes = 10
const atOnce = 200
export const escalationSchedule = defineSchedule({ name: 'assessments.escalate', every_seconds: 60 })

export async function raiseAlert(
  tx: Tx,
  { id, patient_id, visit_id }: StoredAssessment,
  reason: AlertReason,
): Promise<void> {
  const raised = await tx.first(insertAlert(id, patient_id, reason))
  if (!raised) return
  const payload = { visit_id, reason, ...raised }
  tx.emit({ type: 'assessment.alert_raised', subject_type: 'assessment', subject_id: id, patient_id, payload })
}

/** @throws Problem notFound, forbidden, noOpenAlert; with an action patientErased, patientInactive, patientMerged */
export function acknowledge(
  ctx: Context,
  id: string,
  { action_taken = null }: AcknowledgeRequest = {},
): Promise<Assessment> {
  return ctx.database.transaction(async (tx) => {
    const stored = await tx.first(findAssessment(id, !isClinician(ctx)))
    if (!stored) throw new Problem(notFound)
    const { patient_id, visit_id } = stored
    if (!isClinician(ctx) || ctx.actor.patient_id === patient_id) throw new Problem(forbidden)
    const { alert_id } = stored
    if (alert_id === null) throw new Problem(noOpenAlert)
    let action: SealedAction = { key_id: null, sealed_action: null }
    if (action_taken !== null) {
      const { key } = await lockChangeable(ctx, tx, patient_id)
      action = { key_id: key.id, sealed_action: sealAction(key, alert_id, action_taken) }
    }
    const done = await tx.first(acknowledgeAlert(id, certain(ctx.actor.user_id, 'user'), action))
    if (!done) throw new Problem(noOpenAlert)
    note(tx, 'acknowledge', stored, undefined, { ...done, has_action: action_taken !== null })
    tx.emit({
      type: 'assessment.alert_acknowledged',
      subject_type: 'assessment',
      subject_id: id,
      patient_id,
      payload: { visit_id, ...done },
    })
    return shownIn(ctx, tx, id)
  })
}

/** Tells the next in line of what nobody has acknowledged in time. Returns how many. */
export async function escalate({ pool }: Pick<System, 'pool'>, minutes = escalationMinutes): Promise<number> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('all')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'assessments', ...entry }) },
  )
  return database.transaction(async (tx) => {
    const told = await tx.rows(escalateAlerts(minutes, atOnce))
    for (const { assessment_id, patient_id, ...payload } of told) {
      const subject = { subject_type: 'assessment', subject_id: assessment_id, patient_id }
      tx.emit({ type: 'assessment.alert_escalated', ...subject, payload })
      tx.audit({
        action: 'assessment.escalate',
        resource_type: 'assessment',
        resource_id: assessment_id,
        patient_id,
        details: { level: payload.level },
      })
    }
    return told.length
  })
}
