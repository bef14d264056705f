import { implement, type Route } from '#platform/http/mount.ts'
import { findingApi } from './finding.contract.ts'
import { closeFinding, listFindings } from './finding.service.ts'

export function findingRoutes(): Route[] {
  return implement('activity-findings', findingApi, {
    list: (ctx, { query }) => listFindings(ctx, query),
    close: (ctx, { params, body }) => closeFinding(ctx, params.finding_id, body),
  })
}
