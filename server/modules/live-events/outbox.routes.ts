import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import type { Context } from '#platform/context.ts'
import { implement, type Route } from '#platform/http/mount.ts'
import { outboxApi, type OutboxEvent, type OutboxOverview, type OutboxQuery } from './outbox.contract.ts'
import { findOutboxEvents, findRelays, findSetAside } from './outbox.store.ts'

const mostSetAside = 100

export function outboxRoutes(): Route[] {
  return implement('event_outbox', outboxApi, {
    overview: (ctx) => readOverview(ctx),
    list: (ctx, { query }) => listEvents(ctx, query),
  })
}

async function readOverview(ctx: Context): Promise<OutboxOverview> {
  const [relays, set_aside] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findRelays()), tx.rows(findSetAside(mostSetAside))]),
  )
  return { relays, set_aside }
}

/** @throws Problem malformed */
async function listEvents(
  ctx: Context,
  query: OutboxQuery,
): Promise<{ items: OutboxEvent[]; next_cursor: string | null }> {
  const before = decodeCursor(query.cursor)
  const rows = await ctx.database.once((tx) => tx.rows(findOutboxEvents(query, before)))
  const items = rows.slice(0, query.limit)
  return { items, next_cursor: encodeCursor(rows.length > query.limit ? items.at(-1)?.id : undefined) }
}
