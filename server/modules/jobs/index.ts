// What the administrators see of the jobs. Doing them is the platform's: server/platform/jobs.
import type { Module } from '#platform/module.ts'
import { jobRoutes } from './job.routes.ts'

export const jobs: Module = {
  name: 'jobs',
  open: async () => ({ routes: jobRoutes() }),
}
