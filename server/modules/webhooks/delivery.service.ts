import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { type Delivery, type DeliveryQuery, deliveryWaiting } from './delivery.contract.ts'
import { findDeliveries, findDelivery, replayDelivery } from './delivery.store.ts'
import { findWebhook } from './webhook.store.ts'

type DeliveryPage = { items: Delivery[]; next_cursor: string | null }

/** @throws Problem notFound, malformed */
export async function listDeliveries(ctx: Context, webhook_id: string, query: DeliveryQuery): Promise<DeliveryPage> {
  const before = decodeCursor(query.cursor)
  const [webhook, rows] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findWebhook(webhook_id)), tx.rows(findDeliveries(webhook_id, query, before))]),
  )
  if (!webhook) throw new Problem(notFound)
  const items = rows.slice(0, query.limit)
  return { items, next_cursor: encodeCursor(rows.length > query.limit ? items.at(-1)?.id : undefined) }
}

/** @throws Problem notFound, deliveryWaiting */
export async function replay(ctx: Context, delivery_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const delivery = await tx.first(findDelivery(delivery_id))
    if (!delivery) throw new Problem(notFound)
    const { status, type, webhook_id } = delivery
    if (status === 'waiting') throw new Problem(deliveryWaiting)
    await tx.run(replayDelivery(delivery_id))
    tx.audit({
      action: 'webhook.replay',
      resource_type: 'webhook_delivery',
      resource_id: delivery_id,
      details: { webhook_id, type, was: status },
    })
  })
}
