// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const board = createRoute({
  getParentRoute: () => closed,
  path: addresses.board,
  staticData: { asks: 'nursing-assessments:write' },
  validateSearch: (search): { department?: string | undefined } => ({ department: known(Id, search['department']) }),
  component: lazyRouteComponent(() => import('./board-page.tsx'), 'BoardPage'),
})

export const wardBoardRoutes = [board] as const
