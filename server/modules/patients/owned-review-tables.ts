// Tables of the review of activity.
import type { OwnedTable } from './owned-table.ts'

export const reviewTables: readonly OwnedTable[] = [
  {
    // It tells who looked, as the audit log does, and what was made of that.
    table: 'activity_findings',
    patient: 'patient_id',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'kept',
  },
  {
    table: 'watched_records',
    patient: 'patient_id',
    id: 'patient_id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'deleted',
  },
]
