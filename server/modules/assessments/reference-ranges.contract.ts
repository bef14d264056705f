// What counts as usual, by age; anything else is flagged. A value without a range is not assessed, never normal. Pure.
import type { Flag, VitalSigns } from './nursing.contract.ts'

export type Measured =
  | 'temperature_celsius'
  | 'pulse_bpm'
  | 'respiratory_rate_per_min'
  | 'blood_pressure_systolic'
  | 'blood_pressure_diastolic'
  | 'oxygen_saturation_percent'
  | 'blood_glucose_mg_dl'
  | 'pain_intensity'
type Range = readonly [low: number, high: number]
export type Ranges = { under_years: number; source: string; of: Partial<Record<Measured, Range>> }

/** LOINC and UCUM of each vital sign; also of those that have no range. */
export const loinc: Readonly<Record<string, readonly [code: string, unit: string]>> = {
  temperature_celsius: ['8310-5', 'Cel'],
  pulse_bpm: ['8867-4', '/min'],
  respiratory_rate_per_min: ['9279-1', '/min'],
  blood_pressure_systolic: ['8480-6', 'mm[Hg]'],
  blood_pressure_diastolic: ['8462-4', 'mm[Hg]'],
  oxygen_saturation_percent: ['59408-5', '%'],
  consciousness: ['80288-4', ''],
  blood_glucose_mg_dl: ['2339-0', 'mg/dL'],
  weight_kg: ['29463-7', 'kg'],
  height_cm: ['8302-2', 'cm'],
  pain_intensity: ['72514-3', '{score}'],
}

const pals = 'American Heart Association, Pediatric Advanced Life Support Provider Manual 2015, vital signs in children'
const pain: Range = [0, 3]
/** PALS: a saturation below 94 % on room air calls for oxygen. */
const childSaturation: Range = [94, 100]

/** Youngest first. Temperature and glucose of children have no range here: they are said to be not assessed. */
export const referenceRanges: readonly Ranges[] = [
  child(1 / 12, { pulse_bpm: [100, 205], respiratory_rate_per_min: [30, 53] }, [67, 84], [35, 53]),
  child(1, { pulse_bpm: [100, 190], respiratory_rate_per_min: [30, 53] }, [72, 104], [37, 56]),
  child(3, { pulse_bpm: [98, 140], respiratory_rate_per_min: [22, 37] }, [86, 106], [42, 63]),
  child(6, { pulse_bpm: [80, 120], respiratory_rate_per_min: [20, 28] }, [89, 112], [46, 72]),
  child(10, { pulse_bpm: [75, 118], respiratory_rate_per_min: [18, 25] }, [97, 115], [57, 76]),
  child(12, { pulse_bpm: [75, 118], respiratory_rate_per_min: [18, 25] }, [102, 120], [61, 80]),
  child(16, { pulse_bpm: [60, 100], respiratory_rate_per_min: [12, 20] }, [110, 131], [64, 83]),
  {
    under_years: Infinity,
    source: 'OpenWard records and rules, nursing assessment: normal adult range',
    of: {
      temperature_celsius: [36.1, 37.8],
      pulse_bpm: [60, 100],
      respiratory_rate_per_min: [12, 20],
      blood_pressure_systolic: [90, 129],
      blood_pressure_diastolic: [60, 84],
      oxygen_saturation_percent: [95, 100],
      blood_glucose_mg_dl: [70, 140],
      pain_intensity: pain,
    },
  },
]

function child(under_years: number, of: Ranges['of'], systolic: Range, diastolic: Range): Ranges {
  return {
    under_years,
    source: pals,
    of: {
      ...of,
      blood_pressure_systolic: systolic,
      blood_pressure_diastolic: diastolic,
      oxygen_saturation_percent: childSaturation,
      pain_intensity: pain,
    },
  }
}

/** @param age_years null where the birth date is not known: then the ranges are those of adults */
export function rangesFor(age_years: number | null): Ranges {
  const found = referenceRanges.find(({ under_years }) => age_years !== null && age_years < under_years)
  return found ?? (referenceRanges.at(-1) as Ranges)
}

const measured: readonly Measured[] = [
  'temperature_celsius',
  'pulse_bpm',
  'respiratory_rate_per_min',
  'blood_pressure_systolic',
  'blood_pressure_diastolic',
  'oxygen_saturation_percent',
  'blood_glucose_mg_dl',
  'pain_intensity',
]

/** One for each value that is there and not usual, or that nothing is known to compare with. */
export function flagsOf(signs: Partial<VitalSigns>, age_years: number | null): Flag[] {
  const { of, source } = rangesFor(age_years)
  const flags = measured.flatMap((field): Flag[] => {
    const value = signs[field] ?? null
    if (value === null) return []
    const range = of[field]
    if (!range) return [{ field, flag: 'not_assessed', low: null, high: null, source: null }]
    const [low, high] = range
    if (value >= low && value <= high) return []
    return [{ field, flag: value < low ? 'low' : 'high', low, high, source }]
  })
  const { consciousness = null } = signs
  if (consciousness === null || consciousness === 'alert') return flags
  return [...flags, { field: 'consciousness', flag: 'abnormal', low: null, high: null, source }]
}
