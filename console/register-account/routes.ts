// The address of this task's page.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { open } from '../frame/grounds.tsx'

const register = createRoute({
  getParentRoute: () => open,
  path: addresses.register_account,
  component: lazyRouteComponent(() => import('./register-account-page.tsx'), 'RegisterAccountPage'),
})

export const registerAccountRoutes = [register] as const
