// The modules that this process can serve, in the order in which they may depend on each other.
import type { Module } from '#platform/module.ts'
import { access } from '#modules/access'
import { analytics } from '#modules/analytics'
import { appointments } from '#modules/appointments'
import { assessments } from '#modules/assessments'
import { auditTrail } from '#modules/audit-trail'
import { chart } from '#modules/chart'
import { departments } from '#modules/departments'
import { documents } from '#modules/documents'
import { doctors } from '#modules/doctors'
import { identity } from '#modules/identity'
import { jobs } from '#modules/jobs'
import { liveEvents } from '#modules/live-events'
import { notifications } from '#modules/notifications'
import { patients } from '#modules/patients'
import { prefill } from '#modules/prefill'
import { prescriptions } from '#modules/prescriptions'
import { registration } from '#modules/registration'
import { resources } from '#modules/resources'
import { visits } from '#modules/visits'
import { waitlist } from '#modules/waitlist'
import { timeline } from '#modules/timeline'
import { webhooks } from '#modules/webhooks'

export const modules: readonly Module[] = [
  access,
  identity,
  departments,
  patients,
  registration,
  auditTrail,
  doctors,
  resources,
  appointments,
  visits,
  assessments,
  chart,
  prescriptions,
  prefill,
  timeline,
  documents,
  analytics,
  notifications,
  waitlist,
  jobs,
  liveEvents,
  webhooks,
]
