// Every column with sealed bytes, and what becomes of it when the key that sealed it is rotated. A sealed value is bound to
// its table, column and row id, and to the id of its key, which stands in the row's `key_id`.

export type SealedTable = {
  table: string
  /** The row's id, as it is bound into its sealed values. */
  row_id: string
  /** Names the key. */
  key: string
  patient: string
  columns: readonly string[]
}

/**
 * Sealed with keys of patients; sealed anew in this order. Whoever writes such a column writes `key_id` with it, in the
 * transaction that has locked the row, or the patient: else an old key's bytes could end up beside a new key's id.
 */
export const patientSealedTables: readonly SealedTable[] = [
  {
    table: 'patients',
    row_id: 'id',
    key: 'key_id',
    patient: 'id',
    columns: ['sealed_card', 'sealed_contact', 'sealed_identifiers'],
  },
  { table: 'emergency_contacts', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_contact'] },
  { table: 'insurances', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_policy'] },
  { table: 'emergency_accesses', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_reason'] },
  { table: 'appointments', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_notes'] },
  { table: 'appointment_history', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_reason'] },
  { table: 'disclosures', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_disclosure'] },
  { table: 'resource_assignments', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_notes'] },
  { table: 'resource_reservations', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_purpose'] },
  { table: 'visits', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_chief_complaint'] },
  { table: 'visit_history', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_reason'] },
  { table: 'assessments', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_draft'] },
  {
    table: 'assessment_versions',
    row_id: 'id',
    key: 'key_id',
    patient: 'patient_id',
    columns: ['sealed_content', 'sealed_withheld', 'sealed_reason'],
  },
  { table: 'assessment_alerts', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_action'] },
  { table: 'allergies', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_entry'] },
  {
    table: 'prescriptions',
    row_id: 'id',
    key: 'key_id',
    patient: 'patient_id',
    columns: ['sealed_content', 'sealed_check', 'sealed_cancel_reason'],
  },
  { table: 'clinical_notes', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_draft'] },
  { table: 'clinical_note_versions', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_note'] },
  { table: 'conditions', row_id: 'id', key: 'key_id', patient: 'patient_id', columns: ['sealed_entry'] },
  {
    table: 'documents',
    row_id: 'id',
    key: 'key_id',
    patient: 'patient_id',
    columns: ['sealed_label', 'sealed_content_key'],
  },
]

/** Sealed with the system key for users. */
export const userSealedTable = {
  table: 'users',
  row_id: 'id',
  key: 'key_id',
  columns: ['sealed_profile', 'sealed_totp'],
} as const

/** Not sealed anew, and why; the key stays as long as such a value does. */
export const keptSealed: Readonly<Record<string, string>> = {
  'activity_findings.sealed_remark': 'what a reviewer signed off stays as it was written',
  'audit_logs.sealed_changes': 'the sealed leaf of the audit log holds its hash',
  'idempotency_keys.sealed_answer': 'gone within days',
  'patient_exports.sealed_recipient': 'gone within days',
  'patient_import_pieces.sealed_piece': 'gone when the import has ended',
  'mails.sealed_message': 'sent within days, and kept only to be looked at',
  'refresh_tokens.sealed_successor': 'answers a lost reply for ten seconds',
  'one_time_tokens.sealed_data': 'gone within days',
  'webhooks.sealed_secret': 'the receiver knows it: a new secret is a new webhook',
}
