// Visits: from the check-in to the way home.
import type { Module } from '#platform/module.ts'
import { visitRoutes } from './visit.routes.ts'

export { visitTimeline } from './visit-timeline.ts'

export const visits: Module = { name: 'visits', open: async () => ({ routes: visitRoutes() }) }
