// The radiology assessment: what was asked, whether it is safe, and what was found.
import { z } from 'zod'
import { Id, Text } from '#platform/contract/fields.ts'

/** DICOM PS3.3 C.7.3.1.1.1, modality. */
export const Modality = z.enum(['CR', 'DX', 'CT', 'MR', 'US', 'MG', 'NM', 'XA'])
export type Modality = z.output<typeof Modality>
export const SafetyQuestion = z.enum([
  'pregnancy',
  'pacemaker_or_implant',
  'contrast_allergy',
  'renal_impairment',
  'claustrophobia',
])
export type SafetyQuestion = z.output<typeof SafetyQuestion>
const answer = z.boolean().nullish()

export const Safety = z.strictObject({
  pregnancy: answer,
  pacemaker_or_implant: answer,
  contrast_allergy: answer,
  renal_impairment: answer,
  claustrophobia: answer,
  acknowledged: z.array(SafetyQuestion).max(5).default([]).describe('Contradictions that were weighed and accepted'),
})

export const RadiologyForm = z.strictObject({
  modality: Modality.nullish(),
  body_site: Text(200).nullish(),
  laterality: z.enum(['left', 'right', 'bilateral']).nullish(),
  clinical_indication: Text(2000).nullish(),
  safety: Safety.optional(),
  technique: Text(2000).nullish(),
  with_contrast: z.boolean().nullish(),
  contrast: Text(200).nullish().describe('Which, how much and by which way'),
  findings: Text(20_000).nullish().describe('At least 10 characters when it is signed'),
  impression: Text(5000).nullish(),
  recommendations: Text(5000).nullish(),
  is_critical: z.boolean().default(false),
  document_ids: z
    .array(Id)
    .max(200)
    .default([])
    .describe('Documents of this patient that you may read, such as images; each is clean when this is signed'),
})
export type RadiologyForm = z.output<typeof RadiologyForm>

export const Contradiction = z.object({
  question: SafetyQuestion,
  because: z.string(),
  source: z.string(),
  is_acknowledged: z.boolean(),
})
export type Contradiction = z.output<typeof Contradiction>
