// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const reception = createRoute({
  getParentRoute: () => closed,
  path: addresses.reception,
  staticData: { asks: 'patients:find' },
  component: lazyRouteComponent(() => import('./reception-page.tsx'), 'ReceptionPage'),
})

export const findPatientRoutes = [reception] as const
