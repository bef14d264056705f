// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const sessions = createRoute({
  getParentRoute: () => closed,
  path: addresses.sessions,
  component: lazyRouteComponent(() => import('./sessions-page.tsx'), 'SessionsPage'),
})
const password = createRoute({
  getParentRoute: () => closed,
  path: addresses.password,
  component: lazyRouteComponent(() => import('./change-password-page.tsx'), 'ChangePasswordPage'),
})

export const accountRoutes = [sessions, password] as const
