// Discarding a draft: by its author, or where they are gone by whoever answers for the visit, with a reason.
import { type Context, reachOf } from '#platform/context.ts'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { lockChangeable, sealChanges } from '#modules/patients'
import type { Discarded, DiscardRequest } from './assessment.contract.ts'
import { assertUnsigned, refuseOwn } from './assessment.service.ts'
import { findDraft, lockAssessment, updateDiscarded } from './assessment.store.ts'

/**
 * Nothing of it is shown to who is not its author, and nothing of it is lost to them.
 * @throws Problem notFound, forbidden, stale, assessmentSigned, assessmentDiscarded, invalidRequest
 */
export function discardDraft(ctx: Context, id: string, { reason = null }: DiscardRequest): Promise<Discarded> {
  return ctx.database.transaction(async (tx) => {
    const known = await tx.first(findDraft(id))
    if (!known) throw new Problem(notFound)
    refuseOwn(ctx, known.patient_id)
    const { key, purpose } = await lockChangeable(ctx, tx, known.patient_id)
    const [, draft] = await Promise.all([tx.run(lockAssessment(id)), tx.one(findDraft(id))])
    const { patient_id, visit_id, kind, author_id, doctor_user_id, version } = draft
    const isAuthor = author_id === ctx.actor.user_id
    const answersForVisit = doctor_user_id === ctx.actor.user_id || reachOf(ctx.actor, 'visits:update') === 'all'
    if (!isAuthor && !answersForVisit)
      throw new Problem(forbidden, { detail: 'Its author, the doctor of the visit or an administrator discards it' })
    assertUnsigned(draft)
    if (ctx.if_match !== undefined && ctx.if_match !== version) throw new Problem(stale, { current_version: version })
    if (!isAuthor && reason === null) {
      const errors = [
        { path: '/body/reason', code: 'required', message: 'Say why you discard what somebody else began' },
      ]
      throw new Problem(invalidRequest, { errors })
    }
    await tx.run(updateDiscarded(id))
    const about = { resource_type: 'assessment', resource_id: id, patient_id, purpose }
    tx.audit({
      ...about,
      action: 'assessment.discard',
      details: { kind, author_id },
      ...(reason === null ? {} : { changes: sealChanges<{ reason: string }>(key, ['reason'], {}, { reason }) }),
    })
    tx.emit({
      type: 'assessment.discarded',
      subject_type: 'assessment',
      subject_id: id,
      patient_id,
      payload: { visit_id, kind },
    })
    return { id, status: 'discarded', version: version + 1 }
  })
}
