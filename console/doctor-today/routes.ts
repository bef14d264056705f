// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const today = createRoute({
  getParentRoute: () => closed,
  path: addresses.today,
  staticData: { asks: 'prescriptions:write' },
  component: lazyRouteComponent(() => import('./today-page.tsx'), 'TodayPage'),
})

export const doctorTodayRoutes = [today] as const
