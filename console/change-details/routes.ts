// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const details = createRoute({
  getParentRoute: () => closed,
  path: addresses.patient_details,
  staticData: { asks: 'patients:update' },
  component: lazyRouteComponent(() => import('./details-page.tsx'), 'DetailsPage'),
})
const ownDetails = createRoute({
  getParentRoute: () => closed,
  path: addresses.own_details,
  staticData: { asks: 'patients:read' },
  component: lazyRouteComponent(() => import('./own-details-page.tsx'), 'OwnDetailsPage'),
})

export const changeDetailsRoutes = [details, ownDetails] as const
