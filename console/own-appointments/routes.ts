// The addresses of this task's pages. The first is in mails and calendar files, too: server/modules/appointments/icalendar.ts.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const Instant = z.iso.datetime({ offset: true })
type Chosen = { doctor_id?: string | undefined; at?: string | undefined; move?: string | undefined }

const appointments = createRoute({
  getParentRoute: () => closed,
  path: addresses.own_appointments,
  staticData: { asks: 'appointments:read' },
  component: lazyRouteComponent(() => import('./own-appointments-page.tsx'), 'OwnAppointmentsPage'),
})
const book = createRoute({
  getParentRoute: () => closed,
  path: addresses.own_booking,
  staticData: { asks: 'appointments:create' },
  validateSearch: (search): Chosen => ({
    doctor_id: known(Id, search['doctor_id']),
    at: known(Instant, search['at']),
    move: known(Id, search['move']),
  }),
  component: lazyRouteComponent(() => import('./own-booking-page.tsx'), 'OwnBookingPage'),
})

export const ownAppointmentsRoutes = [appointments, book] as const
