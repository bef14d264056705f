// The chart: what is known of a patient, and what was noted of them.
import type { Module } from '#platform/module.ts'
import { chartRoutes } from './chart.routes.ts'

export { chartTimelines } from './chart-timelines.ts'
export { listAllergies } from './allergies.ts'
export { listConditions } from './conditions.ts'
export { type KnownAllergy, type KnownCondition, readChart } from './read-chart.ts'

export const chart: Module = { name: 'chart', open: async () => ({ routes: chartRoutes() }) }
