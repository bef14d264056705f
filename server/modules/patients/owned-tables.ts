// Every table with a patient in it, and what a merge, an export and an erasure do with its rows. Names and facts only, so
// that modules that stand on this one need not be imported: a table that is missing here fails a test.

export type OwnedTable = {
  table: string
  /** The column that names the patient. */
  patient: string
  /** What names one row; null where a row has no name of its own. */
  id: string | null
  /**
   * `moves`: its rows become the survivor's, and go back when the merge is undone.
   * `follows`: as the row of another table that it belongs to.
   * `computed`: made again from the records.
   * `stays`: it tells what happened, or is the record itself.
   */
  merge: 'moves' | 'follows' | 'computed' | 'stays'
  follows?: { table: string; column: string }
  /** Columns of which no two rows of one patient may have the same values: such a row stays behind. */
  unique_with?: readonly string[]
  /** Of which one row of a patient may be true: that of the merged record becomes false. */
  single?: string
  /** Rows have a `version`, so that a change after the merge is seen. */
  versioned?: true
  /** Rows written after a merge are put before a person when it is undone. */
  decided?: true
  /** Rows written after a merge go with the row whose id this column holds. */
  accompanies?: string
  /** Columns sealed under the key that `key_id` names. */
  sealed?: readonly string[]
  /** When something last happened to a row: retention counts from there. Null: it is no activity of care. */
  activity: string | null
  /** A range of time whose end counts too. */
  during?: string
  /** Under which name the rows are in the patient's own copy, and without which columns; null: not a fact about the person. */
  export: { file: string; without?: readonly string[] } | null
  /** `unreadable`: the row stays, what is sealed in it opens no more. */
  erasure: 'deleted' | 'unreadable' | 'kept'
}

const internal = ['key_id', 'patient_id'] as const

export const ownedTables: readonly OwnedTable[] = [
  {
    table: 'patients',
    patient: 'merged_into',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'unreadable',
  },
  {
    table: 'patient_keys',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    activity: null,
    export: null,
    erasure: 'unreadable',
  },
  {
    table: 'patient_tokens',
    patient: 'patient_id',
    id: null,
    merge: 'computed',
    activity: null,
    export: null,
    erasure: 'deleted',
  },
  {
    // Kept by triggers from patients_of_users.
    table: 'sessions',
    patient: 'patient_id',
    id: 'id',
    merge: 'computed',
    activity: null,
    export: null,
    erasure: 'kept',
  },
  {
    table: 'patients_of_users',
    patient: 'patient_id',
    id: 'user_id',
    merge: 'moves',
    unique_with: [],
    decided: true,
    activity: null,
    export: { file: 'accounts', without: internal },
    erasure: 'deleted',
  },
  {
    table: 'emergency_contacts',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    single: 'is_primary',
    versioned: true,
    decided: true,
    sealed: ['sealed_contact'],
    activity: 'updated_at',
    export: { file: 'emergency_contacts', without: internal },
    erasure: 'deleted',
  },
  {
    table: 'insurances',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    versioned: true,
    decided: true,
    sealed: ['sealed_policy'],
    activity: 'updated_at',
    export: { file: 'insurances', without: internal },
    erasure: 'deleted',
  },
  {
    table: 'insurance_tokens',
    patient: 'patient_id',
    id: null,
    merge: 'follows',
    follows: { table: 'insurances', column: 'insurance_id' },
    activity: null,
    export: null,
    erasure: 'deleted',
  },
  {
    table: 'patient_merges',
    patient: 'survivor_id',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'kept',
  },
  {
    table: 'patient_merges',
    patient: 'merged_id',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'kept',
  },
  {
    table: 'patient_import_rows',
    patient: 'patient_id',
    id: 'source_hash',
    merge: 'stays',
    activity: null,
    export: null,
    // A keyed hash, which nobody can read: without it the file that they came from would bring them back.
    erasure: 'kept',
  },
  {
    table: 'care_relationships',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    unique_with: ['department_id', 'doctor_id', 'origin', 'origin_id'],
    accompanies: 'origin_id',
    activity: 'created_at',
    export: { file: 'care_relationships', without: internal },
    erasure: 'kept',
  },
  {
    table: 'emergency_accesses',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    decided: true,
    sealed: ['sealed_reason'],
    activity: 'created_at',
    export: { file: 'emergency_accesses', without: internal },
    erasure: 'unreadable',
  },
  {
    table: 'appointments',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    versioned: true,
    decided: true,
    sealed: ['sealed_notes'],
    activity: 'updated_at',
    during: 'during',
    export: { file: 'appointments', without: internal },
    erasure: 'unreadable',
  },
  {
    table: 'appointment_history',
    patient: 'patient_id',
    id: 'id',
    merge: 'follows',
    follows: { table: 'appointments', column: 'appointment_id' },
    sealed: ['sealed_reason'],
    activity: 'timestamp',
    export: { file: 'appointment_history', without: internal },
    erasure: 'unreadable',
  },
  {
    table: 'appointment_series',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    activity: 'created_at',
    export: { file: 'appointment_series', without: internal },
    erasure: 'kept',
  },
  {
    table: 'notices',
    patient: 'patient_id',
    id: 'id',
    merge: 'follows',
    follows: { table: 'appointments', column: 'appointment_id' },
    activity: null,
    export: { file: 'notices', without: [...internal, 'mail_id'] },
    erasure: 'kept',
  },
  {
    table: 'notification_preferences',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    unique_with: [],
    versioned: true,
    activity: null,
    export: { file: 'notification_preferences', without: internal },
    erasure: 'deleted',
  },
  {
    table: 'resource_assignments',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    versioned: true,
    decided: true,
    sealed: ['sealed_notes'],
    activity: 'updated_at',
    export: { file: 'resource_assignments', without: [...internal, 'is_bed', 'is_held'] },
    erasure: 'unreadable',
  },
  {
    table: 'resource_reservations',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    accompanies: 'appointment_id',
    sealed: ['sealed_purpose'],
    activity: 'created_at',
    during: 'during',
    export: { file: 'resource_reservations', without: [...internal, 'purpose'] },
    erasure: 'unreadable',
  },
  {
    // A link that lasts minutes; what left by it is in the disclosures.
    table: 'patient_exports',
    patient: 'patient_id',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: null,
    erasure: 'deleted',
  },
  {
    table: 'disclosures',
    patient: 'patient_id',
    id: 'id',
    merge: 'moves',
    decided: true,
    sealed: ['sealed_disclosure'],
    activity: 'recorded_at',
    export: { file: 'disclosures', without: [...internal, 'suspended_until'] },
    erasure: 'unreadable',
  },
  {
    table: 'audit_logs',
    patient: 'patient_id',
    id: 'id',
    merge: 'stays',
    activity: null,
    export: {
      file: 'access_log',
      without: [
        ...internal,
        'recorded_xid',
        'session_id',
        'ip_address',
        'user_agent',
        'correlation_id',
        'sealed_changes',
        'details',
      ],
    },
    erasure: 'kept',
  },
  { table: 'events', patient: 'patient_id', id: 'id', merge: 'stays', activity: null, export: null, erasure: 'kept' },
  { table: 'mails', patient: 'patient_id', id: 'id', merge: 'stays', activity: null, export: null, erasure: 'deleted' },
]

/** Tables whose rows a merge moves by themselves. */
export const movingTables = ownedTables.filter(({ merge }) => merge === 'moves')
export const followingTables = ownedTables.flatMap((owned) =>
  owned.follows ? [{ ...owned, parent: owned.follows }] : [],
)
/** Tables with sealed columns, whose rows name their key. */
export const sealedTables = ownedTables.flatMap((owned) => (owned.sealed ? [{ ...owned, sealed: owned.sealed }] : []))
