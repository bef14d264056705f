// Resources: beds, rooms and equipment, one holder at a time.
import type { Module } from '#platform/module.ts'
import { resourceRoutes } from './resource.routes.ts'

export { bedStayTimeline } from './bed-stay-timeline.ts'
export { findTakenRanges, type TakenRange } from './reservation.store.ts'

export const resources: Module = { name: 'resources', open: async () => ({ routes: resourceRoutes() }) }
