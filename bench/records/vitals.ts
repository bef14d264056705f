// Vital signs of a former system as nursing assessments of this one. Pure.
import type { NursingForm } from '../../server/modules/assessments/nursing.contract.ts'
import type { Measured as Ranged } from '../../server/modules/assessments/reference-ranges.contract.ts'
import type { Row } from './material.ts'
import type { Outcome } from './outcomes.ts'

type Measured = Ranged | 'weight_kg' | 'height_cm'
type Measure = { field: Measured; unit: string; decimals: 0 | 1 }

/** By LOINC, in UCUM; decimals as the contract of vital signs takes them. */
const measures: Readonly<Record<string, Measure>> = {
  '8331-1': { field: 'temperature_celsius', unit: 'Cel', decimals: 1 },
  '8310-5': { field: 'temperature_celsius', unit: 'Cel', decimals: 1 },
  '8867-4': { field: 'pulse_bpm', unit: '/min', decimals: 0 },
  '9279-1': { field: 'respiratory_rate_per_min', unit: '/min', decimals: 0 },
  '8480-6': { field: 'blood_pressure_systolic', unit: 'mm[Hg]', decimals: 0 },
  '8462-4': { field: 'blood_pressure_diastolic', unit: 'mm[Hg]', decimals: 0 },
  '59408-5': { field: 'oxygen_saturation_percent', unit: '%', decimals: 0 },
  '2339-0': { field: 'blood_glucose_mg_dl', unit: 'mg/dL', decimals: 0 },
  '29463-7': { field: 'weight_kg', unit: 'kg', decimals: 1 },
  '8302-2': { field: 'height_cm', unit: 'cm', decimals: 1 },
  '72514-3': { field: 'pain_intensity', unit: '{score}', decimals: 0 },
}
const bmi_loinc = '39156-5'
/** A pressure above this would be beyond every accepted one if it were in kPa, where 40 kPa are 300 mm[Hg]. */
const highest_kpa = 40

export type Sign = { row: number; field: Measured; value: number; is_unit_taken: boolean }
/** One assessment, and the rows that went into it. `bmi` is computed by the server: it is compared, never entered. */
export type Taken = { signs: Sign[]; bmi: { row: number; value: number }[] }
export type Encounter = { at: string; taken: Taken[]; refused: Outcome[]; rows: number[] }

/** Vital signs of one time are one encounter; a second value of the same kind is an assessment of its own. */
export function toEncounters(rows: readonly Row[]): Encounter[] {
  const by_time = Map.groupBy(rows, ({ fields }) => fields['time'] ?? '')
  return [...by_time].map(([at, together]) => toEncounter(at, together)).toSorted((one, other) => order(one, other))
}

const order = (one: Encounter, other: Encounter) => Date.parse(one.at) - Date.parse(other.at)

function toEncounter(at: string, rows: readonly Row[]): Encounter {
  const taken: Taken[] = []
  const refused: Outcome[] = []
  const refuse = (row: number, code: string, sentence: string) =>
    refused.push({ file: 'vitals', row, outcome: 'refused', code, sentence })
  for (const { row, fields } of rows.filter((one) => one.fields['loinc'] !== bmi_loinc)) {
    const measure = measures[fields['loinc'] ?? '']
    const value = numberOf(fields['value'])
    if (!measure) refuse(row, 'unknown_measure', 'No vital sign has this code')
    else if (value === undefined) refuse(row, 'not_a_number', 'The value is not a number')
    else {
      const is_unit_taken = fields['ucum'] === '' && measure.unit === 'mm[Hg]' && value > highest_kpa
      if (fields['ucum'] !== measure.unit && !is_unit_taken)
        refuse(row, 'other_unit', `This vital sign is recorded in ${measure.unit}`)
      else {
        const { field, decimals } = measure
        const sign = { row, field, value: Number(value.toFixed(decimals)), is_unit_taken }
        const free = taken.find(({ signs }) => !signs.some((one) => one.field === field))
        if (free) free.signs.push(sign)
        else taken.push({ signs: [sign], bmi: [] })
      }
    }
  }
  for (const { row, fields } of rows.filter((one) => one.fields['loinc'] === bmi_loinc)) {
    const value = numberOf(fields['value'])
    const body = taken.find(({ signs, bmi }) => bmi.length === 0 && has(signs, 'height_cm') && has(signs, 'weight_kg'))
    if (value === undefined) refuse(row, 'not_a_number', 'The value is not a number')
    else if (body) body.bmi.push({ row, value })
    else refuse(row, 'bmi_alone', 'A body mass index is computed from height and weight, and there are none beside it')
  }
  return { at, taken, refused, rows: rows.map(({ row }) => row) }
}

const has = (signs: readonly Sign[], field: Measured) => signs.some((one) => one.field === field)

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text)
  return text === undefined || text.trim() === '' || !Number.isFinite(value) ? undefined : value
}

export function toForm(at: string, signs: readonly Sign[]): NursingForm {
  const notes = signs.some(({ is_unit_taken }) => is_unit_taken)
    ? { notes: 'The former record gives the blood pressure without a unit: in kPa it would be impossible.' }
    : {}
  return {
    taken_at: at,
    vital_signs: Object.fromEntries(signs.map(({ field, value }) => [field, value])),
    ...notes,
  }
}

/** Both round: what is computed from rounded height and weight may differ in the first decimal. */
export const isSameIndex = (computed: number | null, given: number) =>
  computed !== null && Math.abs(computed - given) <= 0.15
