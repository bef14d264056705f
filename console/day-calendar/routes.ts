// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const LocalDate = z.iso.date()
const calendar = createRoute({
  getParentRoute: () => closed,
  path: addresses.calendar,
  staticData: { asks: 'appointments:read' },
  validateSearch: (search): { date?: string | undefined; view?: 'week' | undefined } => ({
    date: known(LocalDate, search['date']),
    view: known(z.literal('week'), search['view']),
  }),
  component: lazyRouteComponent(() => import('./calendar-page.tsx'), 'CalendarPage'),
})

export const dayCalendarRoutes = [calendar] as const
