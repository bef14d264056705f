// The manifest of a run: what was written, of which moment. A run counts once its manifest is there, and not before.
import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Changes with the tables and their columns; the first run of a new one is full. */
export const schemaVersion = 2

export const ManifestFile = z.strictObject({
  path: z.string(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
})
export type ManifestFile = z.output<typeof ManifestFile>

export const Manifest = z.strictObject({
  /** Of the installation: two of them do not write to one place. */
  warehouse_id: z.string(),
  schema_version: z.int(),
  run_id: z.string(),
  run: z.int(),
  generation: z.int(),
  reason: z.string(),
  as_of: z.string(),
  timezone: z.string(),
  settings: z.strictObject({ shift_weeks: z.int(), smallest_cell: z.int() }),
  /** Where the next run goes on, and in which history of the database that counts. */
  source: z.strictObject({ watermark: z.int(), history: z.string(), erased_records: z.int(), key_id: z.string() }),
  /** The years of dim_date so far. */
  years: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  tables: z.record(z.string(), z.strictObject({ rows: z.int(), files: z.array(ManifestFile) })),
})
export type Manifest = z.output<typeof Manifest>

export const manifestFolder = 'manifests'
export const dataFolder = 'data'

const numbered = (number: number) => String(number).padStart(8, '0')
export const manifestPath = (run: number) => `${manifestFolder}/run=${numbered(run)}.json`
export const dataPath = (table: string, generation: number, run: number, part: number) =>
  `${dataFolder}/${table}/generation=${numbered(generation)}/run=${numbered(run)}/part-${String(part).padStart(5, '0')}.parquet`

/** One line, so that readers who take a line for a record read it. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest)}\n`
}

export function runOfManifestPath(path: string): number | undefined {
  const digits = /^manifests\/run=(\d{8,})\.json$/.exec(path)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
