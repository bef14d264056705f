// The modules, in the order in which they may depend on each other, and the services that they are divided among.
import type { Module } from '#platform/module.ts'
import type { ServiceName } from '#platform/services/variables.ts'
import { access } from '#modules/access'
import { activityReview } from '#modules/activity-review'
import { analytics } from '#modules/analytics'
import { appointments } from '#modules/appointments'
import { assessments } from '#modules/assessments'
import { auditTrail } from '#modules/audit-trail'
import { chart } from '#modules/chart'
import { departments } from '#modules/departments'
import { documents } from '#modules/documents'
import { doctors } from '#modules/doctors'
import { emergencyCopies } from '#modules/emergency-copies'
import { identity, tokenVerification } from '#modules/identity'
import { jobs } from '#modules/jobs'
import { liveEvents } from '#modules/live-events'
import { notifications } from '#modules/notifications'
import { patients } from '#modules/patients'
import { prefill } from '#modules/prefill'
import { prescriptions } from '#modules/prescriptions'
import { registration } from '#modules/registration'
import { reports } from '#modules/reports'
import { resources } from '#modules/resources'
import { visits } from '#modules/visits'
import { waitlist } from '#modules/waitlist'
import { warehouse } from '#modules/warehouse'
import { timeline } from '#modules/timeline'
import { webhooks } from '#modules/webhooks'

export const modules: readonly Module[] = [
  access,
  identity,
  departments,
  patients,
  registration,
  auditTrail,
  activityReview,
  doctors,
  resources,
  appointments,
  visits,
  assessments,
  chart,
  prescriptions,
  emergencyCopies,
  prefill,
  timeline,
  documents,
  analytics,
  reports,
  warehouse,
  notifications,
  waitlist,
  jobs,
  liveEvents,
  webhooks,
]

/** What each service serves and does. A path is served by one of them, with all of its methods. */
const grouped: Record<Exclude<ServiceName, 'records'>, readonly Module[]> = {
  auth: [access, identity, registration],
  appointments: [doctors, appointments, notifications, waitlist],
  prescriptions: [prescriptions],
}

export function serviceOf(module: Module): ServiceName {
  return (
    (['auth', 'appointments', 'prescriptions'] as const).find((name) => grouped[name].includes(module)) ?? 'records'
  )
}

/** The modules of these services; who does not sign people in recognises them by the keys of who does. */
export function modulesOf(services: readonly ServiceName[]): readonly Module[] {
  const served = modules.filter((module) => services.includes(serviceOf(module)))
  return services.includes('auth') ? served : [tokenVerification, ...served]
}
