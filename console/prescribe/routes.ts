// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const begin = createRoute({
  getParentRoute: () => closed,
  path: addresses.prescribe,
  staticData: { asks: 'prescriptions:write' },
  validateSearch: (search): { visit?: string | undefined } => ({ visit: known(Id, search['visit']) }),
  component: lazyRouteComponent(() => import('./prescribe-page.tsx'), 'PrescribePage'),
})
const prescription = createRoute({
  getParentRoute: () => closed,
  path: addresses.prescription,
  staticData: { asks: 'prescriptions:read' },
  component: lazyRouteComponent(() => import('./prescription-page.tsx'), 'PrescriptionPage'),
})

export const prescribeRoutes = [begin, prescription] as const
