// The files of a former system, as rows of text.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

/** `row` counts from 1, without the line that names the columns. */
export type Row = { row: number; fields: Readonly<Record<string, string>> }
export const recorded_files = ['patients', 'vitals', 'allergies', 'medication_requests'] as const
export type RecordedFile = (typeof recorded_files)[number]
export type Material = Record<RecordedFile | 'encounters', readonly Row[]> & {
  /** Of all of it: what was reported of other files is not of these. */
  digest: string
}

/** Reads NAME.csv or NAME.csv.gz of each. @throws where one is missing */
export function readMaterial(folder: string): Material {
  const hash = createHash('sha256')
  const read = (name: string) => {
    const path = [`${name}.csv`, `${name}.csv.gz`].map((file) => join(folder, file)).find((file) => existsSync(file))
    if (path === undefined) throw new Error(`${folder} has neither ${name}.csv nor ${name}.csv.gz`)
    const bytes = path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)
    hash.update(bytes)
    return readRows(bytes)
  }
  const [patients, vitals, allergies, medication_requests, encounters] = [
    read('patients'),
    read('vitals'),
    read('allergies'),
    read('medication_requests'),
    read('encounters'),
  ]
  return { patients, vitals, allergies, medication_requests, encounters, digest: hash.digest('hex') }
}

function readRows(bytes: Buffer): Row[] {
  const rows: Record<string, string>[] = parse(bytes, { columns: true, bom: true })
  return rows.map((fields, at) => ({ row: at + 1, fields }))
}

export const idOf = ({ fields }: Row) => fields['patient'] ?? fields['external_id'] ?? ''

/** The same with the first so many people only, the numbers of the rows as they are. */
export function limitMaterial(material: Material, people: number): Material {
  const ids = new Set(material.patients.slice(0, people).map(idOf))
  const limited = (rows: readonly Row[]) => rows.filter((row) => ids.has(idOf(row)))
  return {
    ...material,
    patients: limited(material.patients),
    vitals: limited(material.vitals),
    allergies: limited(material.allergies),
    medication_requests: limited(material.medication_requests),
    encounters: limited(material.encounters),
  }
}
