// Nursing and radiology assessments.
import type { Module } from '#platform/module.ts'
import { escalate, escalationSchedule } from './alert.service.ts'
import { assessmentRoutes } from './assessment.routes.ts'

export { assessmentTimeline } from './assessment-timeline.ts'
export { type KnownWeight, readLastWeight } from './last-weight.ts'
export { loinc } from './reference-ranges.contract.ts'
export { openSigned, type SignedRow } from './signed-content.ts'
export { readVitalSigns } from './series.service.ts'

export const assessments: Module = {
  name: 'assessments',
  async open(system, jobs) {
    jobs.schedule(escalationSchedule, () => escalate(system))
    return { routes: assessmentRoutes() }
  },
}
