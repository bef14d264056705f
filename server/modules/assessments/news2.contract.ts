// The National Early Warning Score 2 of the Royal College of Physicians, London 2017 (chart 1: the scoring system; chart 2: thresholds
// and triggers). For adults: it is not made for children under 16. Pure; in the
// contract, so that a form shows what will be signed.
import type { VitalSigns } from './nursing.contract.ts'

export const news2Parameters = [
  'respiratory_rate_per_min',
  'oxygen_saturation_percent',
  'on_supplemental_oxygen',
  'blood_pressure_systolic',
  'pulse_bpm',
  'consciousness',
  'temperature_celsius',
] as const
export type News2Parameter = (typeof news2Parameters)[number]
export type News2Band = 'low' | 'low_medium' | 'medium' | 'high'
export type News2 = {
  /** Null while a parameter is missing: what is not known is never counted as normal. */
  score: number | null
  band: News2Band | null
  /** The sum of what is known; the score is at least this. */
  least_score: number
  missing: News2Parameter[]
  points: Partial<Record<News2Parameter, number>>
}

/** Up to and including each bound; the last step has none. RCP 2017, chart 1. */
type Step = readonly [most: number, points: number]
const steps = {
  respiratory_rate_per_min: [
    [8, 3],
    [11, 1],
    [20, 0],
    [24, 2],
    [Infinity, 3],
  ],
  // SpO2 scale 1.
  oxygen_saturation_percent: [
    [91, 3],
    [93, 2],
    [95, 1],
    [Infinity, 0],
  ],
  blood_pressure_systolic: [
    [90, 3],
    [100, 2],
    [110, 1],
    [219, 0],
    [Infinity, 3],
  ],
  pulse_bpm: [
    [40, 3],
    [50, 1],
    [90, 0],
    [110, 1],
    [130, 2],
    [Infinity, 3],
  ],
  temperature_celsius: [
    [35, 3],
    [36, 1],
    [38, 0],
    [39, 1],
    [Infinity, 2],
  ],
} as const satisfies Partial<Record<News2Parameter, readonly Step[]>>
/** SpO2 scale 2, for a confirmed hypercapnic respiratory failure with a target of 88 to 92 %; from 93 % on it asks for oxygen. */
const scale2OnAir: readonly Step[] = [
  [83, 3],
  [85, 2],
  [87, 1],
  [Infinity, 0],
]
const scale2OnOxygen: readonly Step[] = [
  [83, 3],
  [85, 2],
  [87, 1],
  [92, 0],
  [94, 1],
  [96, 2],
  [Infinity, 3],
]

export function news2(signs: Partial<VitalSigns>): News2 {
  const points: Partial<Record<News2Parameter, number>> = {}
  const missing: News2Parameter[] = []
  for (const parameter of news2Parameters) {
    const found = pointsOf(parameter, signs)
    if (found === undefined) missing.push(parameter)
    else points[parameter] = found
  }
  const least_score = Object.values(points).reduce((sum, one) => sum + one, 0)
  const isComplete = missing.length === 0
  return {
    score: isComplete ? least_score : null,
    band: isComplete ? bandOf(least_score, points) : null,
    least_score,
    missing,
    points,
  }
}

/** RCP 2017, chart 2: 7 and more is an emergency, and a single 3 asks for an urgent review by itself. */
export function alarms({ least_score, points }: { least_score: number; points: Record<string, number> }): boolean {
  return least_score >= 7 || Object.values(points).includes(3)
}

export function bandOf(score: number, points: News2['points']): News2Band {
  if (score >= 7) return 'high'
  if (score >= 5) return 'medium'
  return Object.values(points).includes(3) ? 'low_medium' : 'low'
}

function pointsOf(parameter: News2Parameter, signs: Partial<VitalSigns>): number | undefined {
  if (parameter === 'consciousness') {
    const { consciousness = null } = signs
    return consciousness === null ? undefined : consciousness === 'alert' ? 0 : 3
  }
  if (parameter === 'on_supplemental_oxygen') {
    const { on_supplemental_oxygen = null } = signs
    return on_supplemental_oxygen === null ? undefined : on_supplemental_oxygen ? 2 : 0
  }
  const value = signs[parameter] ?? null
  if (value === null) return undefined
  if (parameter === 'oxygen_saturation_percent' && signs.has_hypercapnic_target === true)
    return scale2(value, signs.on_supplemental_oxygen ?? null)
  return stepOf(steps[parameter], value)
}

/** From 93 % on the points depend on the oxygen: where that is not known, neither are they. */
function scale2(value: number, on_oxygen: boolean | null): number | undefined {
  if (value >= 93 && on_oxygen === null) return undefined
  return stepOf(on_oxygen === true ? scale2OnOxygen : scale2OnAir, value)
}

function stepOf(table: readonly Step[], value: number): number {
  return table.find(([most]) => value <= most)?.[1] ?? 3
}
