// An assessment as the caller may see it.
import type { Context } from '#platform/context.ts'
import { holds } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Alert, Assessment } from './assessment-record.contract.ts'
import { type Content, type Form, openAction, openDraft, openKey, openVersion } from './assessment.sealing.ts'
import { findCurrent, type StoredAssessment, type VersionRow } from './assessment.store.ts'
import type { NursingForm } from './nursing.contract.ts'
import type { RadiologyForm } from './radiology.contract.ts'
import { contradictionsOf } from './safety.ts'

/** Doctors and nurses; everyone else reads assessments as the patient whose they are. */
export function isClinician({ actor }: Context): boolean {
  return holds(actor, 'nursing-assessments:write') || holds(actor, 'radiology-assessments:write')
}

/** Whether signs of abuse are for the caller: not for the patient, not behind broken glass. */
export function isTreating(ctx: Context, patient_id: string, through_glass: boolean): boolean {
  return isClinician(ctx) && ctx.actor.patient_id !== patient_id && !through_glass
}

export async function readCurrent(tx: Tx, rows: readonly StoredAssessment[]): Promise<Map<string, VersionRow>> {
  const signed = rows.filter(({ current_number }) => current_number > 0).map(({ id }) => id)
  if (signed.length === 0) return new Map()
  return new Map((await tx.rows(findCurrent(signed))).map((row) => [row.assessment_id, row]))
}

/** The author of a draft, or of a preliminary reading that goes on, sees it as they left it. */
export function shownAssessment(
  ctx: Context,
  row: StoredAssessment,
  current: VersionRow | undefined,
  through_glass = false,
): Assessment {
  const { keyring } = ctx.system.keys
  const { sealed_draft, key_id, kek_id, wrapped, current_number } = row
  const isAuthor = row.author_id === ctx.actor.user_id
  const shown =
    sealed_draft && isAuthor
      ? ofForm(row.kind, openDraft<Form>(openKey(keyring, { key_id, kek_id, wrapped }), row.id, sealed_draft))
      : current &&
        ofContent(
          openVersion(openKey(keyring, current), current.id, current, isTreating(ctx, row.patient_id, through_glass)),
        )
  return {
    id: row.id,
    visit_id: row.visit_id,
    patient_id: row.patient_id,
    kind: row.kind,
    status: row.status,
    author_id: row.author_id,
    version_number: sealed_draft && isAuthor && current_number === 0 ? null : current_number,
    ...(shown ?? nothing),
    alert: isClinician(ctx) ? alertOf(ctx, row) : null,
    taken_at: row.taken_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
    finalized_at: row.finalized_at,
    version: row.version,
  }
}

/** A draft as its author has just left it. */
export function shownAsTyped(
  row: Pick<Assessment, 'id' | 'visit_id' | 'patient_id' | 'kind' | 'author_id'> &
    Pick<Assessment, 'taken_at' | 'created_at' | 'updated_at' | 'version'>,
  form: Form,
): Assessment {
  const { id, visit_id, patient_id, kind, author_id, taken_at, created_at, updated_at, version } = row
  const about = { id, visit_id, patient_id, kind, author_id, taken_at, created_at, updated_at, version }
  return { ...about, ...ofForm(kind, form), status: 'draft', version_number: null, alert: null, finalized_at: null }
}

type Shown = Pick<Assessment, 'nursing' | 'radiology' | 'derived' | 'contradictions'>
const nothing: Shown = { nursing: null, radiology: null, derived: null, contradictions: [] }

function ofForm(kind: Assessment['kind'], form: Form): Shown {
  if (kind === 'nursing') return { ...nothing, nursing: form as NursingForm }
  const radiology = form as RadiologyForm
  return { ...nothing, radiology, contradictions: contradictionsOf(radiology) }
}

export function ofContent(content: Content): Shown {
  if (content.kind === 'nursing') return { ...nothing, nursing: content.form, derived: content.derived }
  return { ...nothing, radiology: content.form, contradictions: content.contradictions }
}

function alertOf(ctx: Context, row: StoredAssessment): Alert | null {
  const { reason, raised_at, addressed_to, level, acknowledged_at, acknowledged_by, seconds_to_acknowledge } = row
  if (reason === null) return null
  return {
    reason,
    raised_at,
    addressed_to,
    level,
    acknowledged_at,
    acknowledged_by,
    seconds_to_acknowledge,
    action_taken: actionOf(ctx, row),
  }
}

function actionOf(ctx: Context, row: StoredAssessment): string | null {
  const { alert_id, sealed_action, action_key_id, action_kek_id, action_wrapped } = row
  if (alert_id === null || sealed_action === null || action_key_id === null) return null
  const stored = { key_id: action_key_id, kek_id: action_kek_id, wrapped: action_wrapped }
  return openAction(openKey(ctx.system.keys.keyring, stored), alert_id, sealed_action)
}
