// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const register = createRoute({
  getParentRoute: () => closed,
  path: addresses.register_patient,
  staticData: { asks: 'patients:create' },
  component: lazyRouteComponent(() => import('./register-page.tsx'), 'RegisterPage'),
})

export const registerPatientRoutes = [register] as const
