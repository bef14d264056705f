// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { closed } from '../frame/grounds.tsx'

const importPatients = createRoute({
  getParentRoute: () => closed,
  path: addresses.import_patients,
  staticData: { asks: 'patients:import' },
  component: lazyRouteComponent(() => import('./import-page.tsx'), 'ImportPage'),
})

export const importPatientsRoutes = [importPatients] as const
