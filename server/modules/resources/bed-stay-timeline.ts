// Stays in beds on the timeline of a patient.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'

export const bedStayTimeline: TimelineSource = {
  kind: 'bed_stay',
  permission: 'patients:read',
  table: sql`resource_assignments`,
  at: sql`t.assigned_at`,
  where: sql`t.is_bed`,
  status: sql`case when t.released_at is null then 'current' else 'ended' end`,
  by: sql`t.assigned_by`,
}
