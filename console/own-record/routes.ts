// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const record = createRoute({
  getParentRoute: () => closed,
  path: addresses.own_record,
  staticData: { asks: 'patients:read' },
  component: lazyRouteComponent(() => import('./own-record-page.tsx'), 'OwnRecordPage'),
})
const access = createRoute({
  getParentRoute: () => closed,
  path: addresses.own_access,
  staticData: { asks: 'audit:read' },
  component: lazyRouteComponent(() => import('./own-access-page.tsx'), 'OwnAccessPage'),
})

export const ownRecordRoutes = [record, access] as const
