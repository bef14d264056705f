// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const schedules = createRoute({
  getParentRoute: () => closed,
  path: addresses.schedules,
  staticData: { asks: 'schedules:write' },
  component: lazyRouteComponent(() => import('./schedules-page.tsx'), 'SchedulesPage'),
})
const schedule = createRoute({
  getParentRoute: () => closed,
  path: addresses.schedule,
  staticData: { asks: 'schedules:write' },
  component: lazyRouteComponent(() => import('./schedule-page.tsx'), 'SchedulePage'),
})

export const arrangeSchedulesRoutes = [schedules, schedule] as const
