import { implement, type Route } from '#platform/http/mount.ts'
import { outboxApi } from './outbox.contract.ts'
import { listEvents, readOverview } from './outbox.service.ts'

export function outboxRoutes(): Route[] {
  return implement('event_outbox', outboxApi, {
    overview: (ctx) => readOverview(ctx),
    list: (ctx, { query }) => listEvents(ctx, query),
  })
}
