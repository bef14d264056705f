// What the rules found in a prescription, what they could not look at, and by which rules.
import { z } from 'zod'
import { Id, Instant, Text } from '#platform/contract/fields.ts'

export const FindingKind = z.enum(['allergy', 'interaction', 'duplicate', 'dose', 'age', 'pregnancy'])
export const FindingSeverity = z.enum(['severe', 'moderate', 'minor'])

export const Finding = z.object({
  key: z.string().describe('Names this finding of this prescription, to override it'),
  kind: FindingKind,
  severity: FindingSeverity.describe('A severe finding blocks the signature unless it is overridden'),
  medicine_index: z.int().describe('Which of the medicines, counted from 0'),
  medicine: z.string(),
  other: z.string().nullable().describe('The allergy, or the other medicine'),
  other_prescription_id: Id.nullable().describe('Where the other medicine was prescribed before'),
  rule_id: z.string(),
  effect: z.string(),
  source: z.string().describe('Who published the rule, and where'),
  override_reason: z.string().nullable(),
})
export type Finding = z.output<typeof Finding>

export const NotChecked = z.object({
  medicine_index: z.int().nullable().describe('Null where it concerns all of them'),
  what: z.enum(['everything', 'medicine', 'allergy', 'current_medicine', 'dose', 'age', 'pregnancy', 'allergies']),
  why: z.enum([
    'no_rule_set',
    'unknown_medicine',
    'unknown_allergy',
    'no_rule',
    'combination',
    'dosage_unreadable',
    'frequency_unreadable',
    'route_unreadable',
    'age_missing',
    'weight_missing',
    'weight_outdated',
    'pregnancy_unknown',
    'none_recorded',
  ]),
  detail: z.string().nullable(),
})
export type NotChecked = z.output<typeof NotChecked>

export const Weight = z.object({
  weight_kg: z.number(),
  source: z.enum(['request', 'assessment']),
  assessment_id: Id.nullable().describe('Where it was recorded'),
  taken_at: Instant.nullable(),
})
export type Weight = z.output<typeof Weight>

export const Check = z.object({
  status: z
    .enum(['checked', 'partly_checked', 'not_checked'])
    .describe('Only `checked` without findings means that the rules have nothing against it; never that it is safe'),
  rule_set: z.object({ version: z.string(), digest: z.string().describe('SHA-256 of the rules') }).nullable(),
  checked_at: Instant,
  weight: Weight.nullable().describe(
    'By which doses were checked; null where none is known that still counts, and to those who may not read assessments',
  ),
  findings: z.array(Finding),
  not_checked: z.array(NotChecked),
})
export type Check = z.output<typeof Check>

/** What is known of the patient beside the record: asked for where the record lacks it. */
export const Facts = {
  weight_kg: z
    .number()
    .min(0.3)
    .max(500)
    .optional()
    .describe('Where the record has none that still counts; it goes before that of the record'),
  is_pregnant: z.boolean().optional().describe('Where the record does not say'),
}

export const CheckRequest = z.strictObject(Facts)
export type CheckRequest = z.output<typeof CheckRequest>

export const SignRequest = z.strictObject({
  ...Facts,
  overrides: z
    .array(z.strictObject({ key: z.string().min(1).max(300), reason: Text(500, 10) }))
    .max(100)
    .default([])
    .describe('Of severe findings, each with a reason'),
})
export type SignRequest = z.output<typeof SignRequest>
