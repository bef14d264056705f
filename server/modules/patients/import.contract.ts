// Registering many patients from a CSV file: a job with progress and a report by line.
import { z } from 'zod'
import { Id, Instant, QueryInteger } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

/** Larger files are for `openward import`, which reads them piece by piece. */
export const largestImportBytes = 20 * 1024 * 1024

export const importRunning = defineProblem(
  'import_running',
  409,
  'This server is importing another file: wait until that import has ended',
)

export const ImportFinding = z.object({
  line: z.int().describe('Of the file, counted from 1, the header included'),
  field: z.string().nullable().describe('The column; null where it is the whole row'),
  code: z.string(),
  reason: z.string().describe('Never the value'),
  refused: z.boolean().describe('False for a warning about a row that was registered'),
})
export type ImportFinding = z.output<typeof ImportFinding>

export const PatientImport = z.object({
  id: Id,
  status: z.enum(['running', 'finished', 'failed']),
  dry_run: z.boolean(),
  created_at: Instant,
  finished_at: Instant.nullable(),
  failure: z.string().nullable().describe('Why it failed, and what to do'),
  rows_total: z.int().describe('Read so far'),
  rows_accepted: z.int().describe('Registered, or fit to be registered where it is a dry run'),
  rows_known: z.int().describe('Registered by an earlier import: nothing was done'),
  rows_refused: z.int(),
  report: z.array(ImportFinding),
  next_line: z.int().nullable().describe('Ask with from_line for the rest of the report; null at its end'),
})
export type PatientImport = z.output<typeof PatientImport>

export const importApi = {
  import: {
    method: 'POST',
    path: '/api/v1/patients/import',
    summary: 'Register patients from a CSV file',
    description:
      'The first line names the columns: first_name, last_name, date_of_birth, gender and phone_primary are needed; external_id, ' +
      'middle_name, phone_secondary, email, line1, city, state, postal_code, country, ssn, national_id, blood_type, marital_status, ' +
      'occupation and preferred_language are known, every other one is refused at once. UTF-8, separated by commas or semicolons. ' +
      'A row that is refused does not stop the others. Safe to run again: rows that were registered are known.',
    access: 'patients:import',
    audit: { action: 'patient.import', resource_type: 'patient_import' },
    body: z.strictObject({
      file: z
        .instanceof(Uint8Array, { error: 'Attach the CSV file as `file`' })
        .meta({ type: 'string', format: 'binary' }),
      dry_run: z.enum(['true', 'false']).default('false'),
    }),
    accepts: 'multipart',
    body_limit_bytes: largestImportBytes,
    returns: [202, PatientImport],
    problems: [importRunning],
    limit_per_minute: 20,
  },
  read: {
    method: 'GET',
    path: '/api/v1/patients/import/{import_id}',
    summary: 'How far an import is, and which rows it refused and why',
    access: 'patients:import',
    audit: 'none',
    params: z.strictObject({ import_id: Id }),
    query: z.strictObject({
      from_line: QueryInteger(0, 999_999_999).default(0),
      limit: QueryInteger(1, 1000).default(1000),
    }),
    returns: [200, PatientImport],
    problems: [],
    background: true,
  },
} as const satisfies Api
