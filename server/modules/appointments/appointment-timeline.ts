// Appointments on the timeline of a patient; a time that is only held is none.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'

export const appointmentTimeline: TimelineSource = {
  kind: 'appointment',
  permission: 'appointments:read',
  table: sql`appointments`,
  at: sql`t.starts_at`,
  where: sql`t.status <> 'held'`,
  status: sql`t.status`,
  type: sql`t.kind`,
  by: sql`t.doctor_id`,
}
