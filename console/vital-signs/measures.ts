// What is drawn of vital signs, and where a value stands on its chart. Pure.
import type { VitalSignsAt } from '#contracts/assessments/assessment'
import { type Measured, rangesFor } from '#contracts/assessments/reference-ranges'
import type { NurseWords } from '../words/nurse.en.ts'

export type MeasureName = keyof NurseWords['course']['measures']
type Line = { member: keyof VitalSignsAt; range: Measured | undefined }
export type Measure = { name: MeasureName; lines: readonly Line[] }

const alone = (name: Exclude<MeasureName, 'blood_pressure'>, range?: Measured): Measure => ({
  name,
  lines: [{ member: name, range }],
})

/** What changes fastest first. */
export const measures: readonly Measure[] = [
  alone('news2_score'),
  alone('respiratory_rate_per_min', 'respiratory_rate_per_min'),
  alone('oxygen_saturation_percent', 'oxygen_saturation_percent'),
  {
    name: 'blood_pressure',
    lines: [
      { member: 'blood_pressure_systolic', range: 'blood_pressure_systolic' },
      { member: 'blood_pressure_diastolic', range: 'blood_pressure_diastolic' },
    ],
  },
  alone('pulse_bpm', 'pulse_bpm'),
  alone('temperature_celsius', 'temperature_celsius'),
  alone('pain_intensity', 'pain_intensity'),
  alone('blood_glucose_mg_dl', 'blood_glucose_mg_dl'),
  alone('weight_kg'),
]

export type Point = { at: string; value: number; isUsual: boolean }
export type Series = { points: readonly Point[]; range: readonly [low: number, high: number] | undefined }

/** Oldest first. The ranges are those of the age that somebody has now. */
export function seriesOf({ lines }: Measure, items: readonly VitalSignsAt[], age_years: number | null): Series[] {
  const { of } = rangesFor(age_years)
  return lines.map(({ member, range: name }) => {
    const range = name && of[name]
    const points = items.flatMap((item) => {
      const value = item[member]
      if (typeof value !== 'number') return []
      return [{ at: item.taken_at, value, isUsual: !range || (value >= range[0] && value <= range[1]) }]
    })
    return { points: points.toSorted((a, b) => a.at.localeCompare(b.at)), range }
  })
}

/** From the lowest to the highest that is to be seen, with some room. */
export function spanOf(series: readonly Series[]): readonly [low: number, high: number] {
  const values = series.flatMap(({ points, range }) => [...points.map(({ value }) => value), ...(range ?? [])])
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const room = Math.max(1, (high - low) * 0.1)
  // Nothing of this is below nothing.
  return [Math.max(0, Math.floor(low - room)), Math.ceil(high + room)]
}

/** Where an instant stands between the first and the last, 0 to 1; alone in the middle. */
export function placeOf(at: string, first: string, last: string): number {
  const [from, to] = [Date.parse(first), Date.parse(last)]
  return to === from ? 0.5 : (Date.parse(at) - from) / (to - from)
}

export type Period = keyof NurseWords['course']['periods']
const hours: Readonly<Record<Exclude<Period, 'all'>, number>> = { day: 24, week: 168, month: 720 }

export function since(period: Period, now: number): string | undefined {
  return period === 'all' ? undefined : new Date(now - hours[period] * 3_600_000).toISOString()
}
