// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const vitalSigns = createRoute({
  getParentRoute: () => closed,
  path: addresses.vital_signs,
  staticData: { asks: 'assessments:read' },
  component: lazyRouteComponent(() => import('./vital-signs-page.tsx'), 'VitalSignsPage'),
})

export const vitalSignsRoutes = [vitalSigns] as const
