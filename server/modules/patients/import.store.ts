import type { ImportFinding, PatientImport } from './import.contract.ts'
import type { PatientToken } from './patient-tokens.ts'
import type { PatientRecord, SealedPatient } from './patient.sealing.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { StoredDataKey } from '#platform/encryption/data-key.ts'

export type ImportRow = Omit<PatientImport, 'report' | 'next_line'>

export const importColumns = sql`id, status, dry_run, created_at, finished_at, failure, rows_total, rows_accepted, rows_known, rows_refused`

export function findImport(id: string): Sql<ImportRow> {
  return sql`select ${importColumns} from patient_imports where id = ${id}`
}

/** In the order of lines; one more than asked tells whether there are more. */
export function listFindings(id: string, from_line: number, limit: number): Sql<ImportFinding> {
  return sql`
    select line, field, code, reason, refused from patient_import_findings
     where import_id = ${id} and line >= ${from_line} order by line, position limit ${literal(limit)}`
}

export type Counts = Pick<ImportRow, 'rows_total' | 'rows_accepted' | 'rows_known' | 'rows_refused'>

export function insertFindings(id: string, findings: readonly ImportFinding[]): Sql {
  let line = 0
  let position = 0
  const positions = findings.map((finding) => {
    position = finding.line === line ? position + 1 : 0
    line = finding.line
    return position
  })
  return sql`
    insert into patient_import_findings (import_id, line, position, field, code, reason, refused)
    select ${id}, * from unnest(${findings.map((finding) => finding.line)}::int[], ${positions}::int[],
      ${findings.map(({ field }) => field)}::text[], ${findings.map(({ code }) => code)}::text[],
      ${findings.map(({ reason }) => reason)}::text[], ${findings.map(({ refused }) => refused)}::boolean[])`
}

export type Wanted = { source_hash: Buffer; name: PatientToken }

/**
 * Rows that were imported before, each asked for with one token of its name or with several; `is_same` when the person still
 * has the name and birth date of the row.
 */
export function findKnownRows(
  wanted: readonly Wanted[],
): Sql<{ source_hash: Buffer; is_same: boolean; is_erased: boolean }> {
  return sql`
    select r.source_hash, p.erased_at is not null as is_erased,
           p.merged_into is not null
           or bool_or(exists (select from patient_tokens t where t.patient_id = p.id and t.kind = 'name_birth_date'
                                and t.key_version = w.key_version and t.token = w.token)) as is_same
      from unnest(${wanted.map(({ source_hash }) => source_hash)}::bytea[], ${wanted.map(({ name }) => name.key_version)}::int[],
                  ${wanted.map(({ name }) => name.token)}::bytea[]) as w(source_hash, key_version, token)
      join patient_import_rows r using (source_hash) join patients p on p.id = r.patient_id
     group by r.source_hash, p.id`
}

export function findKnownTokens(tokens: readonly PatientToken[]): Sql<PatientToken> {
  return sql`
    select distinct t.kind, t.key_version, t.token
      from unnest(${tokens.map(({ kind }) => kind)}::text[], ${tokens.map(({ key_version }) => key_version)}::int[],
                  ${tokens.map(({ token }) => token)}::bytea[]) as wanted(kind, key_version, token)
      join patient_tokens t using (kind, key_version, token)`
}

export type ImportedPatient = {
  id: string
  key: StoredDataKey
  sealed: SealedPatient
  record: PatientRecord
  tokens: readonly PatientToken[]
  source_hash: Buffer
}

/** Many registrations in one statement. Refused as a whole by a unique identifier or source that came in meanwhile. */
export function insertImported(people: readonly ImportedPatient[], today: string, created_by: string | undefined): Sql {
  const column = <T>(pick: (person: ImportedPatient) => T) => people.map(pick)
  // One order for everyone: two imports that write the same identifiers wait for each other and never deadlock.
  const tokens = people
    .flatMap(({ id, tokens: own }) => own.map((token) => ({ id, ...token })))
    .toSorted((one, other) => Buffer.compare(one.token, other.token))
  return sql`
    with key as (
      insert into patient_keys (id, patient_id, kek_id, wrapped)
      select * from unnest(${column(({ key }) => key.id)}::uuid[], ${column(({ id }) => id)}::uuid[], ${column(({ key }) => key.kek_id)}::text[],
                           ${column(({ key }) => key.wrapped)}::bytea[])
    ), patient as (
      insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, sealed_identifiers, gender, blood_type,
                            marital_status, occupation, preferred_language, is_complete, registered_date, created_by)
      select id, openward.next_number('patient_numbers', 'PT', ${today}), key_id, card, contact, identifiers, gender, blood_type,
             marital_status, occupation, preferred_language, true, ${today}, ${created_by ?? null}
        from unnest(${column(({ id }) => id)}::uuid[], ${column(({ key }) => key.id)}::uuid[],
                    ${column(({ sealed }) => sealed.sealed_card)}::bytea[], ${column(({ sealed }) => sealed.sealed_contact)}::bytea[],
                    ${column(({ sealed }) => sealed.sealed_identifiers)}::bytea[], ${column(({ record }) => record.gender)}::text[],
                    ${column(({ record }) => record.blood_type)}::text[], ${column(({ record }) => record.marital_status)}::text[],
                    ${column(({ record }) => record.occupation)}::text[], ${column(({ record }) => record.preferred_language)}::text[])
             with ordinality as new(id, key_id, card, contact, identifiers, gender, blood_type, marital_status, occupation, preferred_language, at)
       order by at
    ), token as (
      insert into patient_tokens (patient_id, kind, key_version, token)
      select * from unnest(${tokens.map(({ id }) => id)}::uuid[], ${tokens.map(({ kind }) => kind)}::text[],
                           ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])
    )
    insert into patient_import_rows (source_hash, patient_id)
    select * from unnest(${column(({ source_hash }) => source_hash)}::bytea[], ${column(({ id }) => id)}::uuid[])`
}
