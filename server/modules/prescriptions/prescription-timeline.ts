// Signed prescriptions on the timeline of a patient; a draft has not happened.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'
import type { Content } from './prescription.sealing.ts'

export const prescriptionTimeline: TimelineSource = {
  kind: 'prescription',
  permission: 'prescriptions:read',
  table: sql`prescriptions`,
  at: sql`t.signed_at`,
  where: sql`t.signed_at is not null`,
  status: sql`t.status`,
  by: sql`t.doctor_id`,
  sealed: {
    table: 'prescriptions',
    column: 'sealed_content',
    title: (content) => (content as Content).medicines.map(({ name }) => name).join(', '),
  },
}
