// Figures of the hospital, each defined once.
import type { Module } from '#platform/module.ts'
import { analyticsRoutes } from './analytics.routes.ts'

export const analytics: Module = { name: 'analytics', open: async () => ({ routes: analyticsRoutes() }) }
