import { emergencyAccessApi } from './emergency-access.contract.ts'
import { listAccessesToReview, listAccessLog, openEmergencyAccess, reviewAccess } from './emergency-access.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function emergencyAccessRoutes(): Route[] {
  return implement('patients', emergencyAccessApi, {
    open_emergency_access: (ctx, { params, body }) => openEmergencyAccess(ctx, params.patient_id, body.reason),
    list_emergency_accesses: (ctx, { query }) => listAccessesToReview(ctx, query),
    review_emergency_access: (ctx, { params, body }) => reviewAccess(ctx, params.emergency_access_id, body.verdict),
    access_log: (ctx, { params, query }) => listAccessLog(ctx, params.patient_id, query),
  })
}
