// The nursing assessment: what is measured and observed, each part optional.
import { z } from 'zod'
import { Instant, Text } from '#platform/contract/fields.ts'

const Whole = (least: number, most: number) => z.int().min(least).max(most).nullish()
/** Of one decimal, as scales and thermometers show it. */
const Decimal = (least: number, most: number) =>
  z
    .number()
    .min(least)
    .max(most)
    .refine((value) => Math.abs(value * 10 - Math.round(value * 10)) < 1e-6, 'Must have one decimal at most')
    .nullish()

export const VitalSigns = z
  .strictObject({
    temperature_celsius: Decimal(25, 45),
    pulse_bpm: Whole(20, 300),
    respiratory_rate_per_min: Whole(3, 80),
    blood_pressure_systolic: Whole(40, 300),
    blood_pressure_diastolic: Whole(20, 200),
    oxygen_saturation_percent: Whole(50, 100),
    on_supplemental_oxygen: z.boolean().nullish(),
    has_hypercapnic_target: z
      .boolean()
      .nullish()
      .describe('A confirmed hypercapnic respiratory failure, with a target of 88 to 92 %: NEWS2 takes SpO2 scale 2'),
    consciousness: z.enum(['alert', 'confusion', 'voice', 'pain', 'unresponsive']).nullish(),
    blood_glucose_mg_dl: Whole(10, 1500),
    weight_kg: Decimal(0.3, 500),
    height_cm: Decimal(20, 260),
    pain_intensity: Whole(0, 10),
  })
  .refine(
    ({ blood_pressure_systolic: systolic, blood_pressure_diastolic: diastolic }) =>
      systolic == null || diastolic == null || diastolic < systolic,
    { path: ['blood_pressure_diastolic'], message: 'Must be below the systolic pressure' },
  )
export type VitalSigns = z.output<typeof VitalSigns>

export const FallRisk = z.strictObject({
  history_of_falling: z.boolean(),
  secondary_diagnosis: z.boolean(),
  ambulatory_aid: z.enum(['none', 'crutches', 'furniture']),
  iv_therapy: z.boolean(),
  gait: z.enum(['normal', 'weak', 'impaired']),
  mental_status: z.enum(['oriented', 'forgets_limitations']),
})
export type FallRisk = z.output<typeof FallRisk>

const words = Text(200).nullish()
const ability = z.enum(['independent', 'assisted', 'dependent']).nullish()
const General = z.strictObject({
  general_condition: words,
  skin_condition: words,
  mobility_status: words,
  diet: words,
  appetite: words,
  smoker: z.boolean().nullish(),
  allergies_reviewed: z.boolean().nullish(),
})
const Pain = z.strictObject({
  location: words,
  character: words,
  frequency: words,
  duration: words,
  radiates_to: words,
  relieved_by: words,
  action_taken: words,
})
const Function = z.strictObject({ feeding: ability, hygiene: ability, toileting: ability, ambulation: ability })
const Screening = z.strictObject({
  educational_needs: Text(1000).nullish(),
  assistive_devices: Text(1000).nullish(),
})
/** 65 itself is not over 65. */
export const olderFromYears = 66
const OlderPerson = z.strictObject({
  cognition: words,
  mood: words,
  speech: words,
  hearing: words,
  vision: words,
  sleep: words,
})

export const NursingForm = z.strictObject({
  taken_at: Instant.nullish().describe('When the vital signs were taken; now where it is left out'),
  vital_signs: VitalSigns.optional(),
  general: General.optional(),
  pain: Pain.optional(),
  fall_risk: FallRisk.optional(),
  function: Function.optional(),
  screening: Screening.optional(),
  older_person: OlderPerson.optional().describe('Of patients over 65'),
  signs_of_abuse: Text(2000).nullish().describe('Abuse or neglect; seen by treating staff only'),
  notes: Text(5000).nullish(),
})
export type NursingForm = z.output<typeof NursingForm>

export const Flag = z.object({
  field: z.string(),
  flag: z.enum(['low', 'high', 'abnormal', 'not_assessed']),
  low: z.number().nullable().describe('Of the usual range'),
  high: z.number().nullable(),
  source: z.string().nullable(),
})
export type Flag = z.output<typeof Flag>

export const Derived = z.object({
  age_years: z.number().nullable(),
  bmi: z.number().nullable(),
  mean_arterial_pressure: z.int().nullable(),
  fall_risk: z.object({ total: z.int(), level: z.enum(['low', 'moderate', 'high']) }).nullable(),
  news2: z
    .object({
      score: z.int().nullable().describe('Null while a parameter is missing'),
      band: z.enum(['low', 'low_medium', 'medium', 'high']).nullable(),
      least_score: z.int().describe('The sum of what is known'),
      missing: z.array(z.string()),
      points: z.record(z.string(), z.int()),
    })
    .nullable()
    .describe('Null for patients under 16, and without vital signs'),
  flags: z.array(Flag),
})
export type Derived = z.output<typeof Derived>
