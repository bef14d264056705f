// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const assessment = createRoute({
  getParentRoute: () => closed,
  path: addresses.nursing_assessment,
  staticData: { asks: 'nursing-assessments:write' },
  validateSearch: (search): { assessment?: string | undefined } => ({ assessment: known(Id, search['assessment']) }),
  component: lazyRouteComponent(() => import('./nursing-page.tsx'), 'NursingPage'),
})

export const nursingAssessmentRoutes = [assessment] as const
