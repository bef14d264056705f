// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Word = z.string().min(1).max(80)
/** What the list is narrowed by; the server says which words there are. */
export type ResourceSearch = { type?: string | undefined; ward?: string | undefined; status?: string | undefined }

const departments = createRoute({
  getParentRoute: () => closed,
  path: addresses.departments,
  staticData: { asks: 'departments:write' },
  component: lazyRouteComponent(() => import('./departments-page.tsx'), 'DepartmentsPage'),
})
const resources = createRoute({
  getParentRoute: () => closed,
  path: addresses.resources,
  staticData: { asks: 'resources:write' },
  validateSearch: (search): ResourceSearch => ({
    type: known(Word, search['type']),
    ward: known(Word, search['ward']),
    status: known(Word, search['status']),
  }),
  component: lazyRouteComponent(() => import('./resources-page.tsx'), 'ResourcesPage'),
})

export const arrangeHouseRoutes = [departments, resources] as const
