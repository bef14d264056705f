// The identity cards of patients whose ids a calendar or a list has.
import { cardOfFound } from './patient-card.ts'
import type { IdentityCard } from './patient.contract.ts'
import { findCards, findMergedCards, nestMerged } from './patient-search.store.ts'
import { tryOpenCard } from './patient.sealing.ts'
import type { Context } from '#platform/context.ts'
import { reachOf } from '#platform/context.ts'

/** In the order of the ids, each person once. */
export async function readCards(ctx: Context, patient_ids: readonly string[]): Promise<{ items: IdentityCard[] }> {
  const { keyring } = ctx.system.keys
  const read_reach = reachOf(ctx.actor, 'patients:read') ?? 'none'
  const database = ctx.reaching('find')
  const ids = [...new Set(patient_ids)]
  const own = new Map((await database.readAmong(findCards, { ids, read_reach })).map((row) => [row.id, row]))
  const gone = ids.filter((id) => !own.has(id))
  const merged = gone.length === 0 ? [] : (await database.read(findMergedCards(gone, read_reach))).map(nestMerged)
  const whole = new Map(merged.map((row) => [row.merged.id, row]))
  const rows = new Map(ids.flatMap((id) => own.get(id) ?? whole.get(id) ?? []).map((row) => [row.id, row]))
  const items = [...rows.values()].map((row) => cardOfFound(row, tryOpenCard(keyring, row)))
  ctx.saw({ details: { criteria: ['patient_id'], count: items.length, patient_ids: items.map(({ id }) => id) } })
  return { items }
}
