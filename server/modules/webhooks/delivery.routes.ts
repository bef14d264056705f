import { implement, type Route } from '#platform/http/mount.ts'
import { deliveryApi } from './delivery.contract.ts'
import { listDeliveries, replay } from './delivery.service.ts'

export function deliveryRoutes(): Route[] {
  return implement('webhook_deliveries', deliveryApi, {
    list: (ctx, { params, query }) => listDeliveries(ctx, params.webhook_id, query),
    replay: (ctx, { params }) => replay(ctx, params.delivery_id),
  })
}
