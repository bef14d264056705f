// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const visit = createRoute({
  getParentRoute: () => closed,
  path: addresses.visit,
  staticData: { asks: 'visits:read' },
  component: lazyRouteComponent(() => import('./visit-page.tsx'), 'VisitPage'),
})

export const seePatientRoutes = [visit] as const
