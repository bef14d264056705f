import { implement, type Route } from '#platform/http/mount.ts'
import { auditLogApi } from './audit-log.contract.ts'
import { findSubjects, listAuditLogs, listRoots, verifyAuditLog } from './audit-log.service.ts'
import type { AuditSealing } from './sealing.ts'

export function auditLogRoutes(sealing: AuditSealing): Route[] {
  return implement('audit-logs', auditLogApi, {
    list: (ctx, { query }) => listAuditLogs(ctx, query),
    subjects: (ctx, { body }) => findSubjects(ctx, body.q),
    verify: (ctx) => verifyAuditLog(ctx, sealing),
    roots: (ctx) => listRoots(ctx, sealing),
  })
}
