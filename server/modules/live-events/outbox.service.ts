import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { eventGone, type OutboxEvent, type OutboxOverview, type OutboxQuery } from './outbox.contract.ts'
import { findOutboxEvents, findRelays, findSetAside, findSetAsideEvent, requestReplay } from './outbox.store.ts'

const mostSetAside = 100

export async function readOverview(ctx: Context): Promise<OutboxOverview> {
  const [relays, set_aside] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findRelays()), tx.rows(findSetAside(mostSetAside))]),
  )
  return { relays, set_aside }
}

/** The relay itself tries it, as it would have: in its own transaction, once. @throws Problem notFound, eventGone */
export async function replayEvent(ctx: Context, relay: string, event_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const found = await tx.first(findSetAsideEvent(relay, event_id))
    if (!found) throw new Problem(notFound)
    if (found.type === null) throw new Problem(eventGone)
    await tx.run(requestReplay(relay, event_id))
    tx.audit({
      action: 'event.replay',
      resource_type: 'event',
      resource_id: event_id,
      details: { relay, type: found.type },
    })
  })
}

/** @throws Problem malformed */
export async function listEvents(
  ctx: Context,
  query: OutboxQuery,
): Promise<{ items: OutboxEvent[]; next_cursor: string | null }> {
  const before = decodeCursor(query.cursor)
  const rows = await ctx.database.once((tx) => tx.rows(findOutboxEvents(query, before)))
  const items = rows.slice(0, query.limit)
  return { items, next_cursor: encodeCursor(rows.length > query.limit ? items.at(-1)?.id : undefined) }
}
