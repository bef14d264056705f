// The address of this task's page.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const beds = createRoute({
  getParentRoute: () => closed,
  path: addresses.beds,
  staticData: { asks: 'resources:assign' },
  validateSearch: (search): { patient_id?: string | undefined } => ({
    patient_id: known(z.uuid(), search['patient_id']),
  }),
  component: lazyRouteComponent(() => import('./bed-map-page.tsx'), 'BedMapPage'),
})

export const bedMapRoutes = [beds] as const
