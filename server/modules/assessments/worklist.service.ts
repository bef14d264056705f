// What waits for somebody. Emergency access opens one record and lists none.
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import type { Sql } from '#platform/database/sql.ts'
import { usualReach } from '#platform/emergency-reach.ts'
import { isClinician } from './assessment.answer.ts'
import type { AssessmentDraft, OpenAlert } from './worklist.contract.ts'
import { listOpenAlerts, listOwnDrafts } from './worklist.store.ts'

/** @throws Problem forbidden */
async function listed<T extends { patient_id: string }>(ctx: Context, wanted: Sql<T>): Promise<{ items: T[] }> {
  if (!isClinician(ctx)) throw new Problem(forbidden)
  const items = await ctx.reaching(usualReach(ctx)).once((tx) => tx.rows(wanted))
  ctx.saw({ details: { count: items.length, patient_ids: [...new Set(items.map(({ patient_id }) => patient_id))] } })
  return { items }
}

/** @throws Problem forbidden */
export const listAlerts = (ctx: Context): Promise<{ items: OpenAlert[] }> => listed(ctx, listOpenAlerts())

/** @throws Problem forbidden */
export const listDrafts = (ctx: Context): Promise<{ items: AssessmentDraft[] }> =>
  listed(ctx, listOwnDrafts(certain(ctx.actor.user_id, 'user')))
