// The audit log: reading it, sealing it, proving it.
import type { Module } from '#platform/module.ts'
import { auditLogRoutes } from './audit-log.routes.ts'
import { openAuditSealing } from './sealing.ts'

export { purgeStoredLog } from './purge.ts'
export { openAuditSealing } from './sealing.ts'
export { verifyStoredLog } from './verification.ts'

export const auditTrail: Module = {
  name: 'audit-trail',
  async open(system) {
    const sealing = await openAuditSealing(system)
    return {
      routes: auditLogRoutes(sealing),
      checks: { audit_log: () => sealing.check() },
      start: async () => sealing.start(),
      stop: () => sealing.stop(),
    }
  },
}
