// From a row of a CSV file to a person, or to everything that is wrong with the row.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { CsvRow } from './import-records.ts'
import type { ImportFinding } from './import.contract.ts'
import { PatientMembers } from './patient.contract.ts'
import { type Locality, readNewPatient } from './patient-members.ts'
import { type PatientToken, patientTokens } from './patient-tokens.ts'
import type { PatientRecord } from './patient.sealing.ts'
import { certain } from '#platform/certain.ts'
import { type InvalidMember, invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Keys } from '#platform/encryption/keys.ts'

const needed = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
const addressColumns = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'] as const
const inAddress: ReadonlySet<string> = new Set(addressColumns)
const known = new Set<string>([
  ...needed,
  ...addressColumns,
  'external_id',
  'middle_name',
  'phone_secondary',
  'email',
  'ssn',
  'national_id',
  'blood_type',
  'marital_status',
  'occupation',
  'preferred_language',
])

/** Who was read. `source_hash` recognises the row when it is imported again: by its `external_id`, or all that it says. */
export type ReadRow = {
  line: number
  record: PatientRecord
  tokens: PatientToken[]
  source_hash: Buffer
  /** As it would have been written under earlier keys. */
  earlier_hashes: Buffer[]
  has_external_id: boolean
}
export type RefusedRow = { line: number; findings: ImportFinding[] }

/**
 * The columns of a file. A name that is not known is never repeated: without a header, the first line is a person.
 * @throws Problem invalidRequest for a file that is none of ours
 */
export function readHeader(row: CsvRow | undefined): string[] {
  const refuse = (code: string, message: string): InvalidMember => ({ path: '/body/file', code, message })
  if (row && 'flaw' in row) throw new Problem(invalidRequest, { errors: [refuse(row.flaw.code, row.flaw.message)] })
  if (!row) {
    throw new Problem(invalidRequest, {
      errors: [refuse('no_header', 'The first line of the file must name its columns')],
    })
  }
  const columns = row.cells.map((cell) => cell.trim().toLowerCase())
  const errors = [
    ...columns.flatMap((name, at) =>
      known.has(name)
        ? columns.indexOf(name) === at
          ? []
          : [refuse('column_twice', `Column ${at + 1} has the name of an earlier one: remove one of them`)]
        : [refuse('unknown_column', `The name of column ${at + 1} is not known: mend it or remove the column`)],
    ),
    ...needed
      .filter((name) => !columns.includes(name))
      .map((name) => refuse('missing_column', `The column ${name} is missing`)),
  ]
  if (errors.length > 0) throw new Problem(invalidRequest, { errors: errors.slice(0, 20) })
  return columns
}

const members = z.compile(PatientMembers)

/** Reads rows for one hospital: `read` gives the person, or every fault of the row. */
export function createRowReader(keys: Keys, locality: Locality, columns: readonly string[]) {
  const hashKeys = keys.everySystem('imports')
  return function read({ line, cells }: { line: number; cells: readonly string[] }): ReadRow | RefusedRow {
    const row = new Map<string, string>()
    for (const [at, name] of columns.entries()) {
      const value = cells[at]?.trim() ?? ''
      if (value !== '') row.set(name, value)
    }
    const given = members.safeParse(membersOf(row, locality.country))
    if (!given.success) {
      return {
        line,
        findings: given.error.issues.map(({ path, code, message }) => refusal(line, columnOf(path), code, message)),
      }
    }
    const { record, errors } = readNewPatient(locality, given.data, false)
    if (errors.length > 0) {
      return {
        line,
        findings: errors.map(({ path, code, message }) =>
          refusal(line, String(path.split('/').at(2)), code, code === 'required' ? 'This must be given' : message),
        ),
      }
    }
    const external_id = row.get('external_id')
    const source = external_id === undefined ? `row\n${JSON.stringify(record)}` : `external_id\n${external_id}`
    const [newest, ...earlier_hashes] = hashKeys.map(({ key }) => createHmac('sha256', key).update(source).digest())
    const source_hash = certain(newest, 'key to recognise rows of imports by')
    // Asked for again each time: an index root may be replaced while a long file is read.
    const tokens = patientTokens(keys.tokenizer('patients'), record)
    return { line, record, tokens, source_hash, earlier_hashes, has_external_id: external_id !== undefined }
  }
}

export function refusal(line: number, field: string | null, code: string, reason: string): ImportFinding {
  return { line, field, code, reason, refused: true }
}

function membersOf(row: ReadonlyMap<string, string>, country: string): Record<string, unknown> {
  const person: Record<string, unknown> = {}
  const address: Record<string, string> = { country }
  let hasAddress = false
  for (const [name, value] of row) {
    if (name === 'external_id') continue
    if (inAddress.has(name)) {
      address[name] = value
      hasAddress ||= name !== 'country'
    } else person[name] = name === 'gender' || name === 'blood_type' ? value.toUpperCase() : value
  }
  return hasAddress ? { ...person, address } : person
}

/** `address.line1` is the column `line1`. */
function columnOf(path: readonly PropertyKey[]): string {
  return String(path.at(-1))
}
