// What is computed from a nursing assessment, and never entered. Pure.
import type { FallRisk, VitalSigns } from './nursing.contract.ts'

/** Quetelet index, kg/m², LOINC 39156-5. */
export function bodyMassIndex({ weight_kg = null, height_cm = null }: Partial<VitalSigns>): number | null {
  if (weight_kg === null || height_cm === null) return null
  return Math.round((weight_kg * 100_000) / height_cm ** 2) / 10
}

/** A third of the way from diastolic to systolic, mm[Hg], LOINC 8478-0. */
export function meanArterialPressure(signs: Partial<VitalSigns>): number | null {
  const { blood_pressure_systolic: systolic = null, blood_pressure_diastolic: diastolic = null } = signs
  return systolic === null || diastolic === null ? null : Math.round((systolic + 2 * diastolic) / 3)
}

/** Morse JM, Morse RM, Tylko SJ. Development of a scale to identify the fall-prone patient. Can J Aging 1989;8:366-77. */
const aids = { none: 0, crutches: 15, furniture: 30 } as const
const gaits = { normal: 0, weak: 10, impaired: 20 } as const

export function morse(risk: FallRisk): { total: number; level: 'low' | 'moderate' | 'high' } {
  const total =
    (risk.history_of_falling ? 25 : 0) +
    (risk.secondary_diagnosis ? 15 : 0) +
    aids[risk.ambulatory_aid] +
    (risk.iv_therapy ? 20 : 0) +
    gaits[risk.gait] +
    (risk.mental_status === 'forgets_limitations' ? 15 : 0)
  return { total, level: total >= 45 ? 'high' : total >= 25 ? 'moderate' : 'low' }
}

/**
 * In whole years, and in months below one; null where the birth date is not known. Both are calendar days, `2026-11-28`. Reckoned
 * by their digits, as not every browser knows Temporal.
 */
export function ageInYears(date_of_birth: string | null, on: string): number | null {
  if (date_of_birth === null) return null
  const [born, now] = [digitsOf(date_of_birth), digitsOf(on)]
  const months = (now.year - born.year) * 12 + now.month - born.month - (now.day < born.day ? 1 : 0)
  return months < 12 ? months / 12 : Math.floor(months / 12)
}

function digitsOf(date: string) {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  return { year, month, day }
}
