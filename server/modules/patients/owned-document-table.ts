// The table of documents, whose rows have files: see owned-tables.ts.
import { internal, type OwnedTable } from './owned-table.ts'

export const documentTable: OwnedTable = {
  table: 'documents',
  patient: 'patient_id',
  id: 'id',
  merge: 'moves',
  versioned: true,
  decided: true,
  sealed: ['sealed_label', 'sealed_content_key'],
  activity: 'uploaded_at',
  export: {
    file: 'documents',
    unless: 'deleted_at',
    without: [...internal, 'storage_key', 'sealed_content_key', 'scanned_with', 'scan_attempts', 'scan_after'],
  },
  content: {
    name: 'storage_key',
    key: 'sealed_content_key',
    label: 'sealed_label',
    size_bytes: 'size_bytes',
    shown: { column: 'status', value: 'clean' },
    unscanned: 'unscanned',
  },
  // A row that goes takes its file with it.
  erasure: 'deleted',
}
