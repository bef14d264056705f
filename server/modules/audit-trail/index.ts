// The audit log: reading it, sealing it, proving it.
import type { Module } from '#platform/module.ts'
import { auditLogRoutes } from './audit-log.routes.ts'
import { openRootsCopy } from './roots-copy.ts'
import { openAuditSealing } from './sealing.ts'

export { purgeStoredLog } from './purge.ts'
export { openRootsCopy } from './roots-copy.ts'
export { openAuditSealing } from './sealing.ts'
export { rootsFile, rootsFileElsewhere, verifyStoredLog } from './verification.ts'

export const auditTrail: Module = {
  name: 'audit-trail',
  async open(system) {
    const sealing = await openAuditSealing(system)
    const copy = openRootsCopy(system)
    return {
      routes: auditLogRoutes(sealing),
      checks: { audit_log: () => sealing.check(), ...(copy && { audit_roots_copy: async () => copy.check() }) },
      async start() {
        sealing.start()
        copy?.start()
      },
      async stop() {
        await Promise.all([sealing.stop(), copy?.stop()])
      },
    }
  },
}
