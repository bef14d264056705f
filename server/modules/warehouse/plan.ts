// Whether a run writes what has changed since the last one, or everything anew. Pure.
import { type Manifest, schemaVersion } from './manifest.ts'

export const fullReasons = [
  'first',
  'asked',
  'schema',
  'settings',
  'key',
  'history',
  'erasure',
  'new_year',
  'many_runs',
] as const
export type Reason = (typeof fullReasons)[number] | 'changes'

/** What a run finds: how things are now. */
export type Present = Pick<Manifest, 'settings' | 'timezone'> & {
  source: Manifest['source']
  /** The hospital's local year of the moment. */
  year: number
  is_full_asked: boolean
}
export type Plan = { reason: Reason; since: number | undefined }

/** Readers open every file of a generation: beyond so many runs they are put together. */
const mostRuns = 100

/** `previous`: the last run that counts, its year, and how many its generation has. */
export function planRun(
  present: Present,
  previous: { manifest: Manifest; year: number; runs: number } | undefined,
): Plan {
  const reason = reasonOf(present, previous)
  return { reason, since: reason === 'changes' ? previous?.manifest.source.watermark : undefined }
}

function reasonOf(present: Present, previous: Parameters<typeof planRun>[1]): Reason {
  if (!previous) return 'first'
  const { manifest } = previous
  if (present.is_full_asked) return 'asked'
  if (manifest.schema_version !== schemaVersion) return 'schema'
  const isSet = (of: Pick<Manifest, 'settings' | 'timezone'>) =>
    [of.timezone, of.settings.shift_weeks, of.settings.smallest_cell].join()
  if (isSet(manifest) !== isSet(present)) return 'settings'
  if (manifest.source.key_id !== present.source.key_id) return 'key'
  // Numbers of transactions are counted anew in a restored database: what they say of rows then is another matter.
  if (manifest.source.history !== present.source.history || manifest.source.watermark > present.source.watermark)
    return 'history'
  // What is left of an erased person lies in files that were written before.
  if (manifest.source.erased_records !== present.source.erased_records) return 'erasure'
  // Whoever turns ninety within a year is of the oldest class all year long.
  if (previous.year !== present.year) return 'new_year'
  return previous.runs >= mostRuns ? 'many_runs' : 'changes'
}
