// Everything that follows from a nursing assessment. Pure; the server reckons with it, and so does a form while it is typed.
import { news2 } from './news2.contract.ts'
import type { Derived, NursingForm } from './nursing.contract.ts'
import { flagsOf } from './reference-ranges.contract.ts'
import { bodyMassIndex, meanArterialPressure, morse } from './scores.contract.ts'

/** NEWS2 is not made for anybody younger (RCP 2017). */
export const news2FromYears = 16

export function derive({ vital_signs = {}, fall_risk }: NursingForm, age_years: number | null): Derived {
  const isChild = age_years !== null && age_years < news2FromYears
  const hasSigns = Object.values(vital_signs).some((value) => value !== null && value !== undefined)
  return {
    age_years,
    bmi: bodyMassIndex(vital_signs),
    mean_arterial_pressure: meanArterialPressure(vital_signs),
    fall_risk: fall_risk ? morse(fall_risk) : null,
    news2: isChild || !hasSigns ? null : news2(vital_signs),
    flags: flagsOf(vital_signs, age_years),
  }
}
