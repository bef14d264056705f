// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Role = z.string().max(40)
const State = z.enum(['active', 'inactive'])

const users = createRoute({
  getParentRoute: () => closed,
  path: addresses.users,
  staticData: { asks: 'users:read' },
  validateSearch: (search): { role?: string | undefined; state?: z.output<typeof State> | undefined } => ({
    role: known(Role, search['role']),
    state: known(State, search['state']),
  }),
  component: lazyRouteComponent(() => import('./users-page.tsx'), 'UsersPage'),
})
const user = createRoute({
  getParentRoute: () => closed,
  path: addresses.user,
  staticData: { asks: 'users:read' },
  component: lazyRouteComponent(() => import('./user-page.tsx'), 'UserPage'),
})
const roles = createRoute({
  getParentRoute: () => closed,
  path: addresses.roles,
  staticData: { asks: 'roles:read' },
  component: lazyRouteComponent(() => import('./roles-page.tsx'), 'RolesPage'),
})
const role = createRoute({
  getParentRoute: () => closed,
  path: addresses.role,
  staticData: { asks: 'roles:read' },
  component: lazyRouteComponent(() => import('./role-page.tsx'), 'RolePage'),
})

export const lookAfterAccountsRoutes = [users, user, roles, role] as const
