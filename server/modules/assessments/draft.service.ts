// Keeping a draft as it is typed: the commonest of writes, in two round trips that requests of the same moment share.
import { randomUUIDv7 } from 'node:crypto'
import type { Context } from '#platform/context.ts'
import { holds } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Crowd } from '#platform/database/transaction.ts'
import { isOwnRecord } from '#modules/patients'
import { shownAsTyped } from './assessment.answer.ts'
import type { AssessmentForms } from './assessment.contract.ts'
import type { Assessment, AssessmentKind } from './assessment-record.contract.ts'
import { type Form, openDraft, openKey, sealDraft } from './assessment.sealing.ts'
import {
  assertCurrent,
  assertForm,
  assertGoesOn,
  assertPast,
  entryOf,
  formOf,
  lockOwn,
  namedIn,
  note,
  sealedOf,
  shownIn,
  takenAt,
} from './assessment.service.ts'
import { findOwnDraft, updateDraft } from './assessment.store.ts'
import { findDraftsById, findDraftsInVisits, keepDrafts, type OwnDraft, type Typing } from './draft.store.ts'

/** @throws Problem notFound, forbidden, stale, assessmentSigned, invalidRequest */
export async function saveCurrentDraft(ctx: Context, visit_id: string, kind: AssessmentKind, form: Form) {
  const forms = { [kind]: form }
  const kept = await keepQuickly(ctx, findDraftsInVisits, { visit_id, kind }, forms, '/body')
  if (kept) return kept
  const draft = await ctx.database.once((tx) => tx.first(findOwnDraft(visit_id, kind)))
  if (!draft) throw new Problem(notFound)
  return saveLocked(ctx, draft.id, forms, '/body')
}

/** @throws Problem notFound, forbidden, stale, assessmentSigned, invalidRequest */
export async function saveDraft(ctx: Context, id: string, forms: AssessmentForms): Promise<Assessment> {
  return (await keepQuickly(ctx, findDraftsById, { id }, forms)) ?? saveLocked(ctx, id, forms)
}

/** Undefined where there is anything to judge under locks, to wait for or to refuse. @throws Problem invalidRequest */
async function keepQuickly<Asked>(
  ctx: Context,
  find: Crowd<Asked & Typing, OwnDraft>,
  asked: Asked,
  forms: AssessmentForms,
  at?: string,
): Promise<Assessment | undefined> {
  const { department_id, doctor_id } = ctx.actor
  const [found] = await ctx.database.readAmong(find, { ...asked, reach: ctx.reach, department_id, doctor_id })
  if (!found || isOwnRecord(ctx, found.patient_id) || !holds(ctx.actor, `${found.kind}-assessments:write`))
    return undefined
  if (ctx.if_match !== undefined && ctx.if_match !== found.version) return undefined
  const form = formOf(found.kind, forms)
  if (namedIn(form).length > 0) return undefined
  assertPast(form, at ?? `/body/${found.kind}`)
  const key = openKey(ctx.system.keys.keyring, found)
  const kept = await ctx.database.together((tx) =>
    tx.among(keepDrafts, {
      ...found,
      sealed_draft: sealDraft(key, found.id, form),
      taken_at: takenAt(form),
      entry: { ...ctx.completed(entryOf('draft', found)), id: randomUUIDv7() },
    }),
  )
  return kept && shownAsTyped({ ...found, ...kept }, form)
}

function saveLocked(ctx: Context, id: string, forms: AssessmentForms, at?: string): Promise<Assessment> {
  return ctx.database.transaction(async (tx) => {
    const { stored, key, purpose } = await lockOwn(ctx, tx, id)
    assertGoesOn(stored)
    const form = formOf(stored.kind, forms)
    const { keyring } = ctx.system.keys
    assertCurrent(ctx, stored, () => openDraft(openKey(keyring, stored), id, sealedOf(stored)), form)
    await assertForm(ctx, tx, { ...stored, form, at: at ?? `/body/${stored.kind}`, is_signed: false })
    await tx.run(updateDraft(id, key.id, sealDraft(key, id, form), takenAt(form)))
    note(tx, 'draft', stored, purpose)
    return shownIn(ctx, tx, id)
  })
}
