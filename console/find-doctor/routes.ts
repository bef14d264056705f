// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { anyone, known } from '../frame/grounds.tsx'

const doctors = createRoute({
  getParentRoute: () => anyone,
  path: addresses.doctors,
  component: lazyRouteComponent(() => import('./doctors-page.tsx'), 'DoctorsPage'),
})
const doctor = createRoute({
  getParentRoute: () => anyone,
  path: addresses.doctor,
  validateSearch: (search): { move?: string | undefined } => ({ move: known(z.uuid(), search['move']) }),
  component: lazyRouteComponent(() => import('./doctor-page.tsx'), 'DoctorPage'),
})

export const findDoctorRoutes = [doctors, doctor] as const
