// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const book = createRoute({
  getParentRoute: () => closed,
  path: addresses.book,
  staticData: { asks: 'appointments:create' },
  validateSearch: (search): { move?: string | undefined } => ({ move: known(Id, search['move']) }),
  component: lazyRouteComponent(() => import('./booking-page.tsx'), 'BookingPage'),
})

export const bookAppointmentRoutes = [book] as const
