// Tables of visits, and of what is written during one.
import { internal, type OwnedTable } from './owned-table.ts'

export const visitTables: readonly OwnedTable[] = [
  {
    table: 'visits',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    versioned: true,
    decided: true,
    sealed: ['sealed_chief_complaint'],
    activity: 'updated_at',
    export: { file: 'visits', without: [...internal, 'is_open'] },
    erasure: 'unreadable',
  },
  {
    table: 'visit_history',
    patient: 'patient_id',
    id: 'id',
    merge: 'follows',
    follows: { table: 'visits', column: 'visit_id' },
    sealed: ['sealed_reason'],
    activity: 'timestamp',
    export: { file: 'visit_history', without: internal },
    erasure: 'unreadable',
  },
]
