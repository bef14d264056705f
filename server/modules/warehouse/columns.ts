// What the warehouse holds, as data: its tables, their columns and keys. The files, the DDL and the documentation are compared with it.

/** `date`: days since 1970-01-01. `instant`: microseconds since 1970. */
export type ColumnType = 'text' | 'int' | 'double' | 'bool' | 'date' | 'instant'
export type Column = { name: string; type: ColumnType; is_nullable: boolean }
export type Row = Readonly<Record<string, string | number | boolean | null>>
export type Table = { name: TableName; key: readonly string[]; columns: readonly Column[] }

export const tableNames = [
  'dim_date',
  'dim_department',
  'dim_doctor',
  'dim_patient',
  'dim_resource',
  'dim_user',
  'fact_appointment',
  'fact_visit',
  'fact_vital_sign',
  'fact_resource_assignment',
  'fact_prescription',
  'fact_alert',
  'fact_document',
] as const
export type TableName = (typeof tableNames)[number]

/** `name:type`, with a question mark where it may be empty. */
function columnsOf(text: string): Column[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [name = '', type = ''] = word.replace('?', '').split(':')
      return { name, type: type as ColumnType, is_nullable: word.endsWith('?') }
    })
}

const columns: Record<TableName, string> = {
  dim_date: `date:date year:int quarter:int month:int day:int iso_weekday:int iso_week:int iso_week_year:int is_weekend:bool`,
  dim_department: `department_key:text code:text name:text is_active:bool`,
  dim_doctor: `doctor_key:text in_force_from:instant is_active:bool department_key:text? specialization:text timezone:text
    consultation_minutes:int`,
  dim_patient: `patient_key:text status:text gender:text birth_year:int? age_class:text registered_date:date`,
  dim_resource: `resource_key:text in_force_from:instant resource_type:text resource_code:text ward:text? department_key:text?
    lanes:int state:text`,
  dim_user: `user_key:text role:text is_active:bool created_at:instant`,
  fact_appointment: `appointment_key:text patient_key:text? doctor_key:text date:date starts_at:instant ends_at:instant
    duration_minutes:int status:text kind:text priority:text lead_minutes:int is_overbooked:bool`,
  fact_visit: `visit_key:text patient_key:text? doctor_key:text? department_key:text appointment_key:text? date:date opened_at:instant
    closed_at:instant? type:text status:text priority:int is_open:bool ended_minutes:int? news2_score:int?`,
  fact_vital_sign: `assessment_key:text sign:text patient_key:text? visit_key:text date:date taken_at:instant finalized_at:instant
    loinc_code:text? unit:text? value:double? value_code:text? is_flagged:bool is_amended:bool`,
  fact_resource_assignment: `assignment_key:text patient_key:text? resource_key:text resource_type:text resource_code:text ward:text?
    lane:int is_bed:bool date:date assigned_at:instant expected_release_at:instant? released_at:instant? assigned_minutes:int?
    moved_from_key:text?`,
  fact_prescription: `prescription_key:text patient_key:text? doctor_key:text visit_key:text? appointment_key:text? date:date
    begun_at:instant status:text signed_at:instant? dispensed_at:instant? cancelled_at:instant? replaces_key:text?
    medicine_count:int? atc_codes:text?`,
  fact_alert: `alert_key:text patient_key:text? visit_key:text assessment_key:text date:date raised_at:instant reason:text
    acknowledged_at:instant?`,
  fact_document: `document_key:text patient_key:text? visit_key:text? date:date uploaded_at:instant kind:text status:text
    deleted_at:instant?`,
}

const keys: Record<TableName, readonly string[]> = {
  dim_date: ['date'],
  dim_department: ['department_key'],
  dim_doctor: ['doctor_key', 'in_force_from'],
  dim_patient: ['patient_key'],
  dim_resource: ['resource_key', 'in_force_from'],
  dim_user: ['user_key'],
  fact_appointment: ['appointment_key'],
  fact_visit: ['visit_key'],
  fact_vital_sign: ['assessment_key', 'sign'],
  fact_resource_assignment: ['assignment_key'],
  fact_prescription: ['prescription_key'],
  fact_alert: ['alert_key'],
  fact_document: ['document_key'],
}

export const tables = Object.fromEntries(
  tableNames.map((name) => [name, { name, key: keys[name], columns: columnsOf(columns[name]) }]),
) as unknown as Readonly<Record<TableName, Table>>
