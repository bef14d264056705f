// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const chart = createRoute({
  getParentRoute: () => closed,
  path: addresses.chart,
  staticData: { asks: 'chart:read' },
  component: lazyRouteComponent(() => import('./chart-page.tsx'), 'ChartPage'),
})

export const readChartRoutes = [chart] as const
