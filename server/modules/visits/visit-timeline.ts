// Visits on the timeline of a patient.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'

export const visitTimeline: TimelineSource = {
  kind: 'visit',
  permission: 'visits:status',
  table: sql`visits`,
  at: sql`t.opened_at`,
  status: sql`t.status`,
  type: sql`t.type`,
  by: sql`t.created_by`,
}
