// The addresses of this task's pages.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { z } from 'zod'
import { addresses } from '../addresses.ts'
import { closed, known } from '../frame/grounds.tsx'

const Id = z.uuid()
const Text = z.string().min(1).max(80)
const LocalDate = z.iso.date()
const Outcome = z.enum(['success', 'denied', 'failure'])

/** What the log is asked for. Ids only: neither a name nor a number stands in an address. */
export type AuditSearch = {
  user_id?: string | undefined
  patient_id?: string | undefined
  action?: string | undefined
  outcome?: z.output<typeof Outcome> | undefined
  correlation_id?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

const audit = createRoute({
  getParentRoute: () => closed,
  path: addresses.audit,
  staticData: { asks: 'audit:read' },
  validateSearch: (search): AuditSearch => ({
    user_id: known(Id, search['user_id']),
    patient_id: known(Id, search['patient_id']),
    action: known(Text, search['action']),
    outcome: known(Outcome, search['outcome']),
    correlation_id: known(Text, search['correlation_id']),
    from: known(LocalDate, search['from']),
    to: known(LocalDate, search['to']),
  }),
  component: lazyRouteComponent(() => import('./audit-page.tsx'), 'AuditPage'),
})
const proof = createRoute({
  getParentRoute: () => closed,
  path: addresses.audit_proof,
  staticData: { asks: 'audit:verify' },
  component: lazyRouteComponent(() => import('./proof-page.tsx'), 'ProofPage'),
})
const emergencyAccesses = createRoute({
  getParentRoute: () => closed,
  path: addresses.emergency_accesses,
  staticData: { asks: 'emergency-access:review' },
  component: lazyRouteComponent(() => import('./emergency-page.tsx'), 'EmergencyPage'),
})
const activityFindings = createRoute({
  getParentRoute: () => closed,
  path: addresses.activity_findings,
  staticData: { asks: 'audit:review' },
  component: lazyRouteComponent(() => import('./findings-page.tsx'), 'FindingsPage'),
})

const accessReview = createRoute({
  getParentRoute: () => closed,
  path: addresses.access_review,
  staticData: { asks: 'access:review' },
  component: lazyRouteComponent(() => import('./access-review-page.tsx'), 'AccessReviewPage'),
})
const explainAccess = createRoute({
  getParentRoute: () => closed,
  path: addresses.explain_access,
  staticData: { asks: 'access:explain' },
  component: lazyRouteComponent(() => import('./explain-page.tsx'), 'ExplainPage'),
})
const watchedRecords = createRoute({
  getParentRoute: () => closed,
  path: addresses.watched_records,
  staticData: { asks: 'audit:review' },
  component: lazyRouteComponent(() => import('./watched-page.tsx'), 'WatchedPage'),
})

export const overseeAccessRoutes = [
  audit,
  proof,
  emergencyAccesses,
  activityFindings,
  accessReview,
  explainAccess,
  watchedRecords,
] as const
