import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import type { Context } from '#platform/context.ts'
import type { OutboxEvent, OutboxOverview, OutboxQuery } from './outbox.contract.ts'
import { findOutboxEvents, findRelays, findSetAside } from './outbox.store.ts'

const mostSetAside = 100

export async function readOverview(ctx: Context): Promise<OutboxOverview> {
  const [relays, set_aside] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findRelays()), tx.rows(findSetAside(mostSetAside))]),
  )
  return { relays, set_aside }
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
