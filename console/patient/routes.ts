// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const patient = createRoute({
  getParentRoute: () => closed,
  path: addresses.patient,
  staticData: { asks: 'patients:read' },
  component: lazyRouteComponent(() => import('./patient-page.tsx'), 'PatientPage'),
})

export const patientRoutes = [patient] as const
