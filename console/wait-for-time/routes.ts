// The address of this task's page, which is in mails, too: server/modules/waitlist/offering.ts.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

type Wanted = { doctor_id?: string | undefined; patient_id?: string | undefined }

const waitlist = createRoute({
  getParentRoute: () => closed,
  path: addresses.waitlist,
  staticData: { asks: 'appointments:read' },
  validateSearch: (search): Wanted => ({
    doctor_id: known(z.uuid(), search['doctor_id']),
    patient_id: known(z.uuid(), search['patient_id']),
  }),
  component: lazyRouteComponent(() => import('./waitlist-page.tsx'), 'WaitlistPage'),
})

export const waitForTimeRoutes = [waitlist] as const
