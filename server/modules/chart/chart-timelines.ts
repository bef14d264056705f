// Allergies, conditions and signed notes on the timeline of a patient.
import type { TimelineSource } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'

const recorded = {
  permission: 'chart:read',
  at: sql`t.created_at`,
  where: sql`t.removed_at is null`,
  by: sql`t.created_by`,
}

export const chartTimelines: readonly TimelineSource[] = [
  {
    ...recorded,
    kind: 'allergy',
    table: sql`allergies`,
    sealed: {
      table: 'allergies',
      column: 'sealed_entry',
      title: (content) => (content as { substance: string }).substance,
    },
  },
  {
    ...recorded,
    kind: 'condition',
    table: sql`conditions`,
    sealed: { table: 'conditions', column: 'sealed_entry', title: (content) => (content as { text: string }).text },
  },
  {
    kind: 'note',
    permission: 'chart:read',
    table: sql`clinical_notes`,
    at: sql`t.signed_at`,
    where: sql`t.signed_at is not null`,
    status: sql`t.status`,
    type: sql`t.kind`,
    by: sql`t.author_id`,
  },
]
