// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const LocalDate = z.iso.date()
const Word = z.string().min(1).max(40)
/** Nothing is what is in none. */
const Narrowing = z.string().max(100)
/** What rows are narrowed by, beside their days; of which subject which, the server knows. */
export const rowFilters = [
  'doctor_id',
  'department_id',
  'specialization',
  'type',
  'ward',
  'resource_id',
  'part',
  'period',
  'gender',
  'age_band',
  'visit_type',
  'topic',
  'action',
  'role',
  'outcome',
] as const
/** `subject` and `figure` as the catalogue names them. */
export type RowsSearch = {
  [name in 'subject' | 'figure' | 'from' | 'to' | (typeof rowFilters)[number]]?: string | undefined
}
/** Days, and what the figures are grouped by; the page knows which words there are. */
export type PeriodSearch = { from?: string | undefined; to?: string | undefined; by?: string | undefined }
const period = (search: Record<string, unknown>): PeriodSearch => ({
  from: known(LocalDate, search['from']),
  to: known(LocalDate, search['to']),
  by: known(Word, search['by']),
})

const dashboard = createRoute({
  getParentRoute: () => closed,
  path: addresses.dashboard,
  staticData: { asks: 'analytics:read' },
  validateSearch: period,
  component: lazyRouteComponent(() => import('./dashboard-page.tsx'), 'DashboardPage'),
})
const utilization = createRoute({
  getParentRoute: () => closed,
  path: addresses.utilization,
  staticData: { asks: 'analytics:read' },
  validateSearch: period,
  component: lazyRouteComponent(() => import('./figure-pages.tsx'), 'UtilizationPage'),
})
const trends = createRoute({
  getParentRoute: () => closed,
  path: addresses.trends,
  staticData: { asks: 'analytics:read' },
  validateSearch: period,
  component: lazyRouteComponent(() => import('./figure-pages.tsx'), 'TrendsPage'),
})
const usage = createRoute({
  getParentRoute: () => closed,
  path: addresses.usage,
  staticData: { asks: 'analytics:read' },
  validateSearch: period,
  component: lazyRouteComponent(() => import('./figure-pages.tsx'), 'UsagePage'),
})
const rows = createRoute({
  getParentRoute: () => closed,
  path: addresses.figure_rows,
  staticData: { asks: 'analytics:read' },
  validateSearch: (search): RowsSearch =>
    Object.fromEntries(
      ['subject', 'figure', 'from', 'to', ...rowFilters].map((name) => [name, known(Narrowing, search[name])]),
    ),
  component: lazyRouteComponent(() => import('./rows-page.tsx'), 'RowsPage'),
})
const reports = createRoute({
  getParentRoute: () => closed,
  path: addresses.reports,
  staticData: { asks: 'reports:read' },
  component: lazyRouteComponent(() => import('./reports-page.tsx'), 'ReportsPage'),
})

export const readFiguresRoutes = [dashboard, utilization, trends, usage, rows, reports] as const
