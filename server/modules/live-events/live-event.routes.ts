import { implement, type Route } from '#platform/http/mount.ts'
import type { Hub } from './hub.ts'
import { liveEventApi } from './live-event.contract.ts'

export function liveEventRoutes(hub: Hub): Route[] {
  return implement('events', liveEventApi, { follow: (ctx, { query }) => hub.follow(ctx, query) })
}
