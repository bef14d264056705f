// The timeline: what every module knows of a patient, in order of time.
import type { Module } from '#platform/module.ts'
import { sources } from './sources.ts'
import { timelineRoutes } from './timeline.routes.ts'

export const timeline: Module = { name: 'timeline', open: async () => ({ routes: timelineRoutes(sources) }) }
