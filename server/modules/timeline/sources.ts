// What the modules add to the timeline. A module that has something to add declares it, and is named here.
import { appointmentTimeline } from '#modules/appointments'
import { assessmentTimeline } from '#modules/assessments'
import { chartTimelines } from '#modules/chart'
import { documentTimeline } from '#modules/documents'
import type { TimelineSource } from '#modules/patients'
import { prescriptionTimeline } from '#modules/prescriptions'
import { bedStayTimeline } from '#modules/resources'
import { visitTimeline } from '#modules/visits'

export const sources: readonly TimelineSource[] = [
  appointmentTimeline,
  visitTimeline,
  bedStayTimeline,
  ...chartTimelines,
  assessmentTimeline,
  documentTimeline,
  prescriptionTimeline,
]
