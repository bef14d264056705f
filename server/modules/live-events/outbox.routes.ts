import { implement, type Route } from '#platform/http/mount.ts'
import { outboxApi } from './outbox.contract.ts'
import { listEvents, readOverview, replayEvent } from './outbox.service.ts'

export function outboxRoutes(): Route[] {
  return implement('event_outbox', outboxApi, {
    overview: (ctx) => readOverview(ctx),
    list: (ctx, { query }) => listEvents(ctx, query),
    replay: (ctx, { params }) => replayEvent(ctx, params.relay, params.event_id),
  })
}
