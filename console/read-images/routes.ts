// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const radiology = createRoute({
  getParentRoute: () => closed,
  path: addresses.radiology,
  staticData: { asks: 'assessments:read' },
  component: lazyRouteComponent(() => import('./radiology-page.tsx'), 'RadiologyPage'),
})

export const readImagesRoutes = [radiology] as const
