// Beginning assessments, what holds before one is changed, and reading.
import { randomUUIDv7 } from 'node:crypto'
import type { AuditEntry } from '#platform/audit/record.ts'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { findInReach } from '#platform/emergency-reach.ts'
import { assertNameable } from '#modules/documents'
import { isOwnRecord, lockChangeable } from '#modules/patients'
import { isClinician, isTreating, ofContent, readCurrent, shownAssessment } from './assessment.answer.ts'
import {
  assessmentDiscarded,
  type AssessmentForms,
  assessmentSigned,
  draftOpen,
  visitEnded,
} from './assessment.contract.ts'
import type { Assessment, AssessmentKind, AssessmentVersion } from './assessment-record.contract.ts'
import { type Form, openKey, openReason, openVersion, sealDraft } from './assessment.sealing.ts'
import {
  findAssessment,
  findInVisit,
  findOwnDraft,
  findVisitPatient,
  insertDraft,
  listInVisit,
  listVersions,
  lockAssessment,
  lockVisit,
  type StoredAssessment,
} from './assessment.store.ts'

/** @throws Problem notFound, forbidden, visitEnded, draftOpen, invalidRequest */
export async function beginAssessment(ctx: Context, visit_id: string, kind: AssessmentKind, form: Form) {
  const id = randomUUIDv7()
  const answer = await ctx.database.transaction(async (tx) => {
    const known = await tx.first(findVisitPatient(visit_id))
    if (!known) throw new Problem(notFound)
    refuseOwn(ctx, known.patient_id)
    const { key, purpose, row } = await lockChangeable(ctx, tx, known.patient_id)
    const visit = await tx.first(lockVisit(visit_id))
    if (!visit) throw new Problem(notFound)
    if (!visit.is_open) throw new Problem(visitEnded)
    await assertForm(ctx, tx, { patient_id: row.id, form, at: '/body', is_signed: false })
    const author_id = certain(ctx.actor.user_id, 'user')
    const taken_at = takenAt(form)
    const sealed_draft = sealDraft(key, id, form)
    const draft = { id, visit_id, patient_id: row.id, kind, author_id, key_id: key.id, sealed_draft, taken_at }
    if (!(await tx.first(insertDraft(draft)))) {
      const open = await tx.first(findOwnDraft(visit_id, kind))
      throw new Problem(draftOpen, { assessment_id: open?.id }).naming({ patient_id: row.id, resource_id: open?.id })
    }
    note(tx, 'draft', { id, patient_id: row.id, kind }, purpose)
    return shownIn(ctx, tx, id)
  })
  ctx.header('location', `/api/v1/assessments/${id}`)
  return answer
}

/** A draft, or a preliminary reading. @throws Problem assessmentSigned, assessmentDiscarded */
export function assertGoesOn({ status }: Pick<StoredAssessment, 'status'>) {
  if (status === 'final' || status === 'amended') throw new Problem(assessmentSigned)
  if (status === 'discarded') throw new Problem(assessmentDiscarded)
}

/** @throws Problem assessmentSigned, assessmentDiscarded */
export function assertUnsigned(stored: Pick<StoredAssessment, 'status'>) {
  assertGoesOn(stored)
  if (stored.status === 'preliminary') throw new Problem(assessmentSigned)
}

export const sealedOf = ({ sealed_draft }: StoredAssessment): Buffer => certain(sealed_draft, 'draft')

/** The assessment and its patient, held until the change commits. @throws Problem notFound, forbidden */
export async function lockAny(ctx: Context, tx: Tx, id: string) {
  const known = await tx.first(findAssessment(id, !isClinician(ctx)))
  if (!known) throw new Problem(notFound)
  refuseOwn(ctx, known.patient_id)
  if (!holds(ctx.actor, `${known.kind}-assessments:write`)) throw new Problem(forbidden)
  const [patient, , stored] = await Promise.all([
    lockChangeable(ctx, tx, known.patient_id),
    tx.run(lockAssessment(id)),
    tx.one(findAssessment(id, false)),
  ])
  return { stored, ...patient }
}

/** Only its author goes on with a draft. @throws Problem notFound, forbidden */
export async function lockOwn(ctx: Context, tx: Tx, id: string) {
  const locked = await lockAny(ctx, tx, id)
  if (locked.stored.author_id !== ctx.actor.user_id)
    throw new Problem(forbidden, { detail: 'Its author goes on with it; what is signed is amended' })
  return locked
}

/** @throws Problem invalidRequest where the form is of the other kind */
export function formOf(kind: AssessmentKind, forms: AssessmentForms): Form {
  const form = forms[kind]
  const other = kind === 'nursing' ? 'radiology' : 'nursing'
  if (form && forms[other] === undefined) return form
  const errors = [
    {
      path: `/body/${form ? other : kind}`,
      code: 'invalid',
      message: `This is a ${kind} assessment: give ${kind} alone`,
    },
  ]
  throw new Problem(invalidRequest, { errors })
}

/** The refusal names the version that is current, and the members in which it differs from what was sent. @throws Problem stale */
export function assertCurrent(ctx: Context, { version }: StoredAssessment, stored: () => Form, sent: Form) {
  if (ctx.if_match === undefined || ctx.if_match === version) return
  const [one, other] = [stored() as Record<string, unknown>, sent as Record<string, unknown>]
  const differs_in = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (name) => JSON.stringify(one[name] ?? null) !== JSON.stringify(other[name] ?? null),
  )
  throw new Problem(stale, { current_version: version, differs_in })
}

export const takenAt = (form: Form): string | null => ('taken_at' in form ? (form.taken_at ?? null) : null)

/** `at`: where in the request the form stands. */
export type Judged = { patient_id: string; form: Form; at: string; is_signed: boolean }

/** What no schema knows. @throws Problem invalidRequest */
export async function assertForm(ctx: Context, tx: Tx, { patient_id, form, at, is_signed }: Judged) {
  assertPast(form, at)
  await assertNameable(ctx, tx, { patient_id, document_ids: namedIn(form), at: `${at}/document_ids`, is_signed })
}

/** A few minutes are granted to a clock that is ahead. @throws Problem invalidRequest */
export function assertPast(form: Form, at: string) {
  const taken_at = takenAt(form)
  if (taken_at === null || Date.parse(taken_at) <= Temporal.Now.instant().epochMilliseconds + 300_000) return
  const errors = [{ path: `${at}/taken_at`, code: 'future', message: 'Must not be in the future' }]
  throw new Problem(invalidRequest, { errors })
}

export const namedIn = (form: Form): string[] => ('document_ids' in form ? form.document_ids : [])

type Noted = Pick<StoredAssessment, 'id' | 'patient_id' | 'kind'>

/** The audit entry of something that was done to an assessment. */
export const entryOf = (verb: string, { id, patient_id, kind }: Noted): AuditEntry => ({
  action: `assessment.${verb}`,
  resource_type: 'assessment',
  resource_id: id,
  patient_id,
  details: { kind },
})

export function note(
  tx: Tx,
  verb: string,
  noted: Noted,
  purpose: string | undefined,
  details: Record<string, unknown> = {},
) {
  tx.audit({ ...entryOf(verb, noted), purpose, details: { kind: noted.kind, ...details } })
}

export async function shownIn(ctx: Context, tx: Tx, id: string): Promise<Assessment> {
  const row = await tx.first(findAssessment(id, false))
  if (!row) throw new Problem(notFound)
  return shownAssessment(ctx, row, (await readCurrent(tx, [row])).get(id))
}

export function refuseOwn(ctx: Context, patient_id: string) {
  if (isOwnRecord(ctx, patient_id)) throw new Problem(forbidden, { detail: 'Somebody else writes in your own chart' })
}

const inReach = <T>(ctx: Context, find: (tx: Tx) => Promise<T | undefined>) =>
  findInReach(ctx, (database) => database.transaction(find))

/** @throws Problem notFound */
async function readOne(ctx: Context, find: (tx: Tx) => Promise<StoredAssessment | undefined>): Promise<Assessment> {
  const { found, through_glass } = await inReach(ctx, async (tx) => {
    const row = await find(tx)
    return row && { row, current: (await readCurrent(tx, [row])).get(row.id) }
  })
  ctx.saw({ resource_id: found.row.id, patient_id: found.row.patient_id })
  return shownAssessment(ctx, found.row, found.current, through_glass)
}

export const getAssessment = (ctx: Context, id: string) =>
  readOne(ctx, (tx) => tx.first(findAssessment(id, !isClinician(ctx))))

export const getOfVisit = (ctx: Context, visit_id: string, kind: AssessmentKind) =>
  readOne(ctx, (tx) => tx.first(findInVisit(visit_id, kind, !isClinician(ctx))))

/** @throws Problem notFound */
export async function listOfVisit(ctx: Context, visit_id: string): Promise<{ items: Assessment[] }> {
  const { found, through_glass } = await inReach(ctx, async (tx) => {
    const visit = await tx.first(findVisitPatient(visit_id))
    if (!visit) return undefined
    const rows = await tx.rows(listInVisit(visit_id, !isClinician(ctx)))
    return { ...visit, rows, current: await readCurrent(tx, rows) }
  })
  ctx.saw({ patient_id: found.patient_id, details: { count: found.rows.length } })
  return { items: found.rows.map((row) => shownAssessment(ctx, row, found.current.get(row.id), through_glass)) }
}

/** @throws Problem notFound */
export async function listSigned(ctx: Context, id: string): Promise<{ items: AssessmentVersion[] }> {
  const isPatient = !isClinician(ctx)
  const { found, through_glass } = await inReach(ctx, async (tx) => {
    const row = await tx.first(findAssessment(id, isPatient))
    return row && { row, versions: await tx.rows(listVersions(id, isPatient)) }
  })
  const { patient_id } = found.row
  ctx.saw({ patient_id, details: { count: found.versions.length } })
  const items = found.versions.map((version) => {
    const key = openKey(ctx.system.keys.keyring, version)
    return {
      version_number: version.number,
      status: version.status,
      signed_by: version.signed_by,
      signed_at: version.signed_at,
      reason: openReason(key, version.id, version.sealed_reason),
      ...ofContent(openVersion(key, version.id, version, isTreating(ctx, patient_id, through_glass))),
    }
  })
  return { items }
}
