// The review of activity: what stands out in the audit log is found by a job and signed off by a person.
import type { Module } from '#platform/module.ts'
import { findingRoutes } from './finding.routes.ts'
import { reviewActivity, reviewSchedule } from './reviewing.ts'
import { watchedRecordRoutes } from './watched-record.routes.ts'

export const activityReview: Module = {
  name: 'activity-review',
  async open(system, jobs) {
    jobs.schedule(reviewSchedule, async ({ signal }) => void (await reviewActivity(system, signal)))
    return { routes: [...findingRoutes(), ...watchedRecordRoutes()] }
  },
}
