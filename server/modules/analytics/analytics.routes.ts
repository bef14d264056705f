import { implement, type Route } from '#platform/http/mount.ts'
import { analyticsApi } from './analytics.contract.ts'
import { comparePeriods } from './comparison.service.ts'
import { metricApi } from './metric.contract.ts'
import { listMetrics } from './catalogue.ts'
import { figureRowsApi } from './figure-rows.contract.ts'
import { listFigureRows } from './figure-rows.service.ts'
import { readTrends } from './trend.service.ts'
import { readUsage } from './usage.service.ts'
import { readUtilization } from './utilization.service.ts'

export function analyticsRoutes(): Route[] {
  return [
    ...implement('metrics', metricApi, { list: async () => ({ items: listMetrics() }) }),
    ...implement('analytics', analyticsApi, {
      doctor_utilization: (ctx, { query }) => readUtilization(ctx, query),
      appointment_trends: (ctx, { query }) => readTrends(ctx, query),
      resource_usage: (ctx, { query }) => readUsage(ctx, query),
      admin: (ctx, { query }) => comparePeriods(ctx, query),
    }),
    ...implement('figure_rows', figureRowsApi, { list: (ctx, { query }) => listFigureRows(ctx, query) }),
  ]
}
