import type { TimelineSource } from '#modules/patients'
import { implement, type Route } from '#platform/http/mount.ts'
import { timelineApi } from './timeline.contract.ts'
import { readTimeline } from './timeline.service.ts'

export function timelineRoutes(sources: readonly TimelineSource[]): Route[] {
  return implement('timeline', timelineApi, {
    read: (ctx, { params, query }) => readTimeline(ctx, sources, params.patient_id, query),
  })
}
