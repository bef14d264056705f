// Figures of the hospital, each defined once.
import type { Module } from '#platform/module.ts'
import { analyticsRoutes } from './analytics.routes.ts'
import { rollUp, rollupSchedule } from './rollup.job.ts'

export {
  type FoundRow,
  pageFrom,
  pageOf,
  requireFigure,
  requireFilters,
  rowsAddress,
  type RowsAsked,
  shownRow,
} from './figure-rows.ts'
export { openRowCursor, sealRowCursor } from './row-cursor.ts'
export { grouped } from './grouping.ts'
export { figureNames, withQuotients } from './metrics.ts'
export { addUp } from './doctor-days.ts'
export { countedDoctor, requireEveryone } from './own-figures.ts'
export { daysOf, type Period, readPeriod, startOf, type Stretch, stretchesOf } from './period.ts'
export { reportMetrics } from './report-metrics.ts'
export { type Source, sourceOf } from './source.ts'
export { countTrends } from './trend.service.ts'
export { countUsage } from './usage.service.ts'
export { countUtilization } from './utilization.service.ts'
export { findMoment } from './doctor-days.store.ts'

export const analytics: Module = {
  name: 'analytics',
  async open(system, jobs) {
    jobs.schedule(rollupSchedule, ({ signal }) => rollUp(system, signal))
    return { routes: analyticsRoutes() }
  },
}
