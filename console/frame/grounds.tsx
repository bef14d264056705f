// What every page stands on, for the routes of each task.
import { createRootRoute, createRoute } from '@tanstack/react-router'
import type { z } from 'zod'
import { Broken, NotFound } from './states.tsx'
import { Anyone, Closed, Open, Root } from './root.tsx'

export const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Broken })
/** Pages for whoever is signed in; anyone else is shown the sign-in at the same address. */
export const closed = createRoute({ getParentRoute: () => root, id: 'closed', component: Closed })
export const open = createRoute({ getParentRoute: () => root, id: 'open', component: Open })

/** Pages that everybody may see, whoever is signed in within their own frame. */
export const anyone = createRoute({ getParentRoute: () => root, id: 'anyone', component: Anyone })

/** Of an address that somebody typed, what is of no use is left out. */
export function known<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const read = schema.safeParse(value)
  return read.success ? read.data : undefined
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** The permission without which the page is of no use: whoever lacks it is told so instead of being shown it. */
    asks?: string
  }
}
