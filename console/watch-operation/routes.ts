// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const jobs = createRoute({
  getParentRoute: () => closed,
  path: addresses.jobs,
  staticData: { asks: 'operation:read' },
  component: lazyRouteComponent(() => import('./jobs-page.tsx'), 'JobsPage'),
})
const mails = createRoute({
  getParentRoute: () => closed,
  path: addresses.mails,
  staticData: { asks: 'operation:read' },
  component: lazyRouteComponent(() => import('./mails-page.tsx'), 'MailsPage'),
})
const events = createRoute({
  getParentRoute: () => closed,
  path: addresses.events,
  staticData: { asks: 'operation:read' },
  component: lazyRouteComponent(() => import('./events-page.tsx'), 'EventsPage'),
})
const webhooks = createRoute({
  getParentRoute: () => closed,
  path: addresses.webhooks,
  staticData: { asks: 'webhooks:read' },
  component: lazyRouteComponent(() => import('./webhooks-page.tsx'), 'WebhooksPage'),
})
const deliveries = createRoute({
  getParentRoute: () => closed,
  path: addresses.deliveries,
  staticData: { asks: 'webhooks:read' },
  component: lazyRouteComponent(() => import('./deliveries-page.tsx'), 'DeliveriesPage'),
})

export const watchOperationRoutes = [jobs, mails, events, webhooks, deliveries] as const
