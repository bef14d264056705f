import { implement, type Route } from '#platform/http/mount.ts'
import { auditLogApi } from './audit-log.contract.ts'
import { listAuditLogs, listRoots, verifyAuditLog } from './audit-log.service.ts'
import type { AuditSealing } from './sealing.ts'

export function auditLogRoutes(sealing: AuditSealing): Route[] {
  return implement('audit-logs', auditLogApi, {
    list: (ctx, { query }) => listAuditLogs(ctx, query),
    verify: (ctx) => verifyAuditLog(ctx, sealing),
    roots: (ctx) => listRoots(ctx, sealing),
  })
}
