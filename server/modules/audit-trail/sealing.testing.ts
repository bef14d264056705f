// For tests: the whole log sealed. What is open in any other database of the cluster holds the newest entries back for a moment.
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from '#platform/database/sql.ts'
import type { TestApi } from '../../testing.ts'
import type { AuditSealing } from './sealing.ts'

const unsealed = sql<{ entries: number }>`
  select count(*)::int as entries from audit_logs e where not exists (select from audit_leaves l where l.entry_id = e.id)`

export async function sealAll(api: Pick<TestApi, 'rows'>, sealing: Pick<AuditSealing, 'seal'>): Promise<void> {
  for (;;) {
    await sealing.seal()
    const [left] = await api.rows<{ entries: number }>(unsealed)
    if (left?.entries === 0) return
    await wait(20)
  }
}
