// The board: who waits, and taking the next one.
import { type Context, holds } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { usualReach } from '#platform/emergency-reach.ts'
import { tryOpenCard } from '#modules/patients'
import { noteChange } from './visit-change.service.ts'
import { queueEmpty, type Visit, type Waiting } from './visit.contract.ts'
import { shownVisit } from './visit.service.ts'
import { findCardsOf, findVisit, listQueue, takeNext } from './visit.store.ts'

type Asked = { department_id: string; status: 'waiting' | 'open' }

/** Names are those of identity cards, which everyone who finds people may see. */
export async function listQueueOf(ctx: Context, { department_id, status }: Asked): Promise<{ items: Waiting[] }> {
  const rows = await ctx.reaching(usualReach(ctx)).once((tx) => tx.rows(listQueue(department_id, status)))
  const patient_ids = [...new Set(rows.map(({ patient_id }) => patient_id))]
  ctx.saw({ details: { count: rows.length, patient_ids } })
  if (rows.length === 0) return { items: [] }
  const cards = await ctx.database.once((tx) => tx.rows(findCardsOf(patient_ids)))
  const names = new Map(
    cards.map(({ patient_number, ...card }) => {
      const { first_name = null, last_name = null } = tryOpenCard(ctx.system.keys.keyring, card) ?? {}
      return [card.id, { patient_number, first_name, last_name }]
    }),
  )
  return {
    items: rows.map((row) => ({
      ...row,
      news2_score: holds(ctx.actor, 'visits:read') ? row.news2_score : null,
      ...(names.get(row.patient_id) ?? { first_name: null, last_name: null, patient_number: '' }),
    })),
  }
}

/** @throws Problem queueEmpty */
export function takeNextVisit(ctx: Context, department_id: string): Promise<Visit> {
  const doctor_id = ctx.actor.doctor_id ?? null
  const [from, to] = doctor_id === null ? (['registered', 'triaged'] as const) : (['triaged', 'in_progress'] as const)
  return ctx.reaching(usualReach(ctx)).transaction(async (tx) => {
    const taken = await tx.first(takeNext(department_id, from, to, doctor_id))
    if (!taken) throw new Problem(queueEmpty)
    const stored = await tx.first(findVisit(taken.id))
    if (!stored) throw new Problem(notFound)
    await noteChange(ctx, tx, { ...stored, status: taken.from_status }, to, null)
    return shownVisit(ctx, stored)
  })
}
