// Which weight a dose is checked by: that of the request, or else the last one that was recorded, while it can still be true.
import type { KnownWeight } from '#modules/assessments'
import type { Weight } from './check.contract.ts'

/**
 * How long a recorded weight counts, in days. Of children as long as the median child gains less than a tenth (WHO Child Growth
 * Standards 2006, weight-for-age, boys: 3.3 kg at birth, 4.5 at 1 month, 6.4 at 3, 7.0 at 4, 9.6 at 12, 10.3 at 15 months). Of adults half
 * a year, the span over which GLIM (2019) calls a change of a twentieth abnormal.
 */
const limits: readonly { under_years: number; days: number }[] = [
  { under_years: 0.25, days: 7 },
  { under_years: 1, days: 30 },
  { under_years: 16, days: 90 },
  { under_years: Infinity, days: 180 },
]

/** Whose age nobody knows could be an infant. */
export function weightLimitDays(age_years: number | undefined): number {
  return limits.find(({ under_years }) => (age_years ?? 0) < under_years)?.days ?? 0
}

export type Weighed = { weight: Weight | null; has_outdated_weight: boolean }

export function weightOf(
  given_kg: number | undefined,
  last: KnownWeight | undefined,
  age_years: number | undefined,
  now: Temporal.Instant,
): Weighed {
  if (given_kg !== undefined) {
    const weight: Weight = { weight_kg: given_kg, source: 'request', assessment_id: null, taken_at: null }
    return { weight, has_outdated_weight: false }
  }
  if (!last) return { weight: null, has_outdated_weight: false }
  const until = Temporal.Instant.from(last.taken_at).add({ hours: 24 * weightLimitDays(age_years) })
  if (Temporal.Instant.compare(now, until) > 0) return { weight: null, has_outdated_weight: true }
  return { weight: { ...last, source: 'assessment' }, has_outdated_weight: false }
}
