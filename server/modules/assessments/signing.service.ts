// Signing an assessment, and another version of what was signed. What is signed stays; a version is only ever added.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { forbidden, invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { keepNamed } from '#modules/documents'
import type { Changeable } from '#modules/patients'
import { tryOpenCard } from '#modules/patients'
import { raiseAlert } from './alert.service.ts'
import {
  type AmendRequest,
  assessmentDiscarded,
  type FinalizeRequest,
  notSigned,
  safetyUnacknowledged,
} from './assessment.contract.ts'
import type { Assessment, AssessmentKind, AssessmentStatus } from './assessment-record.contract.ts'
import { type Content, type Form, openDraft, openKey, openVersion, sealVersion } from './assessment.sealing.ts'
import {
  assertCurrent,
  assertForm,
  assertGoesOn,
  formOf,
  lockAny,
  lockOwn,
  namedIn,
  note,
  sealedOf,
  shownIn,
  takenAt,
} from './assessment.service.ts'
import { findCurrent, insertVersion, type StoredAssessment, updateBoard } from './assessment.store.ts'
import { derive } from './derived.contract.ts'
import { alarms } from './news2.contract.ts'
import { type NursingForm, olderFromYears } from './nursing.contract.ts'
import type { RadiologyForm } from './radiology.contract.ts'
import { contradictionsOf, unansweredOf } from './safety.ts'
import { ageInYears } from './scores.contract.ts'

type Locked = Changeable & { stored: StoredAssessment }

/** @throws Problem notFound, forbidden, stale, assessmentSigned, invalidRequest, safetyUnacknowledged */
export function finalizeAssessment(ctx: Context, id: string, { as }: FinalizeRequest): Promise<Assessment> {
  return ctx.database.transaction(async (tx) => {
    const locked = await lockOwn(ctx, tx, id)
    const { stored } = locked
    assertGoesOn(stored)
    if (as === 'preliminary' && stored.kind !== 'radiology')
      refuse('/body/as', 'Only a radiology reading is preliminary')
    const form = openDraft<Form>(openKey(ctx.system.keys.keyring, stored), id, sealedOf(stored))
    assertCurrent(ctx, stored, () => form, form)
    await sign(ctx, tx, locked, { form, status: as, reason: null, at: '/body' })
    return shownIn(ctx, tx, id)
  })
}

/** @throws Problem notFound, forbidden, stale, notSigned, invalidRequest, safetyUnacknowledged */
export function amendAssessment(ctx: Context, id: string, { reason, ...forms }: AmendRequest): Promise<Assessment> {
  return ctx.database.transaction(async (tx) => {
    const locked = await lockAny(ctx, tx, id)
    const { stored } = locked
    if (stored.status === 'discarded') throw new Problem(assessmentDiscarded)
    if (stored.status === 'draft' || stored.status === 'preliminary') throw new Problem(notSigned)
    if (stored.kind === 'radiology' && stored.author_id !== ctx.actor.user_id)
      throw new Problem(forbidden, { detail: 'A second reading is an assessment of its own' })
    const form = formOf(stored.kind, forms)
    const [current] = await tx.rows(findCurrent([id]))
    const signed = certain(current, 'signed version')
    const opened = () => openVersion(openKey(ctx.system.keys.keyring, signed), signed.id, signed, true).form
    assertCurrent(ctx, stored, opened, form)
    await sign(ctx, tx, locked, { form, status: 'amended', reason, at: `/body/${stored.kind}` })
    return shownIn(ctx, tx, id)
  })
}

type Signed = {
  form: Form
  status: Exclude<AssessmentStatus, 'draft' | 'discarded'>
  reason: string | null
  /** Where in the request the form stands. */
  at: string
}

async function sign(ctx: Context, tx: Tx, { stored, key, row, purpose }: Locked, { form, status, reason, at }: Signed) {
  const { id: assessment_id, kind, patient_id, visit_id } = stored
  const taken_at = takenAt(form)
  const on = Temporal.Instant.from(taken_at ?? stored.taken_at)
    .toZonedDateTimeISO(ctx.system.configuration.timezone)
    .toPlainDate()
    .toString()
  const { date_of_birth = null } = tryOpenCard(ctx.system.keys.keyring, row) ?? {}
  const content = contentOf(kind, form, ageInYears(date_of_birth, on), at)
  await assertForm(ctx, tx, { patient_id, form, at, is_signed: true })
  const id = randomUUIDv7()
  const number = stored.current_number + 1
  const signed_by = certain(ctx.actor.user_id, 'user')
  const sealed = sealVersion(key, id, content, reason)
  await tx.run(
    insertVersion({ id, assessment_id, patient_id, number, status, signed_by, key_id: key.id, taken_at, ...sealed }),
  )
  if (kind === 'radiology') await keepNamed(tx, assessment_id, namedIn(form))
  const verb = status === 'amended' ? 'amend' : 'finalize'
  note(tx, verb, stored, purpose, { status, version_number: number })
  const told = { subject_type: 'assessment', subject_id: assessment_id, patient_id }
  const payload = { visit_id, kind, status, version_number: number }
  if (status === 'amended') tx.emit({ type: 'assessment.amended', ...told, payload })
  else tx.emit({ type: 'assessment.finalized', ...told, payload })
  if (content.kind === 'nursing' && content.derived.news2) {
    const changed = await tx.first(updateBoard(assessment_id, content.derived.news2.least_score))
    if (changed)
      tx.emit({
        type: 'visit.updated',
        subject_type: 'visit',
        subject_id: changed.id,
        patient_id,
        payload: { fields: ['news2_score'] },
      })
  }
  const reasonOfAlert = alarmOf(content)
  if (reasonOfAlert) await raiseAlert(tx, stored, reasonOfAlert)
}

function alarmOf(content: Content): 'early_warning' | 'critical_result' | undefined {
  if (content.kind === 'radiology') return content.form.is_critical ? 'critical_result' : undefined
  const { news2 } = content.derived
  return news2 && alarms(news2) ? 'early_warning' : undefined
}

/** What may be missing while it is typed may not be missing when it is signed. */
function contentOf(kind: AssessmentKind, form: Form, age_years: number | null, at: string): Content {
  if (kind === 'nursing') {
    const nursing = form as NursingForm
    assertNursing(nursing, age_years, at)
    return { kind, form: nursing, derived: derive(nursing, age_years) }
  }
  const radiology = form as RadiologyForm
  assertRadiology(radiology, at)
  return { kind, form: radiology, contradictions: contradictionsOf(radiology) }
}

const notMeasured: ReadonlySet<string> = new Set(['has_hypercapnic_target'])

function assertNursing({ vital_signs = {}, older_person }: NursingForm, age_years: number | null, at: string) {
  const present = Object.entries(vital_signs).some(([name, value]) => value != null && !notMeasured.has(name))
  if (!present) refuse(`${at}/vital_signs`, 'At least one vital sign')
  if (older_person && age_years !== null && age_years < olderFromYears)
    refuse(`${at}/older_person`, 'For patients over 65 only')
}

function assertRadiology(form: RadiologyForm, at: string) {
  const { findings = null } = form
  const missing = (['modality', 'body_site', 'clinical_indication', 'findings'] as const).filter(
    (name) => (form[name] ?? null) === null,
  )
  const errors = [
    ...missing.map((name) => required(`${at}/${name}`, 'Needed before it is signed')),
    ...(findings !== null && Array.from(findings).length < 10
      ? [required(`${at}/findings`, 'Must have 10 characters')]
      : []),
    ...unansweredOf(form).map((question) =>
      required(`${at}/safety/${question}`, 'Ask the patient: no answer is no "no"'),
    ),
  ]
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  const open = contradictionsOf(form).filter(({ is_acknowledged }) => !is_acknowledged)
  if (open.length > 0) throw new Problem(safetyUnacknowledged, { contradictions: open })
}

const required = (path: string, message: string) => ({ path, code: 'required', message })

function refuse(path: string, message: string): never {
  throw new Problem(invalidRequest, { errors: [required(path, message)] })
}
