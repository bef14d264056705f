// Assessments on the timeline of a patient, from when they are final: a draft is its author's, and a preliminary reading goes on.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'

export const assessmentTimeline: TimelineSource = {
  kind: 'assessment',
  permission: 'assessments:read',
  table: sql`assessments`,
  at: sql`t.finalized_at`,
  where: sql`t.finalized_at is not null`,
  status: sql`t.status`,
  type: sql`t.kind`,
  by: sql`t.author_id`,
}
