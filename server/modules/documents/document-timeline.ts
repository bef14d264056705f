// Documents on the timeline of a patient: of each the version that is current, as lists show it.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'
import type { Label } from './document.sealing.ts'

export const documentTimeline: TimelineSource = {
  kind: 'document',
  permission: 'documents:read',
  table: sql`documents`,
  at: sql`t.uploaded_at`,
  where: sql`
    t.deleted_at is null and not exists (
      select from documents later where later.series_id = t.series_id and later.revision > t.revision and later.deleted_at is null)`,
  status: sql`t.status`,
  type: sql`t.kind`,
  by: sql`t.uploaded_by`,
  sealed: { table: 'documents', column: 'sealed_label', title: (content) => (content as Label).title },
}
