// An assessment as it is answered: a draft that its author goes on with, or what was signed.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import { Derived, NursingForm } from './nursing.contract.ts'
import { Contradiction, RadiologyForm } from './radiology.contract.ts'

export const AssessmentKind = z.enum(['nursing', 'radiology'])
export type AssessmentKind = z.output<typeof AssessmentKind>
export const AssessmentStatus = z.enum(['draft', 'preliminary', 'final', 'amended', 'discarded'])
export type AssessmentStatus = z.output<typeof AssessmentStatus>

export const Alert = z.object({
  reason: z.enum(['early_warning', 'critical_result']),
  raised_at: Instant,
  addressed_to: Id.nullable().describe('A user; null is every doctor of the department'),
  level: z.int().describe('How many have been told'),
  acknowledged_at: Instant.nullable(),
  acknowledged_by: Id.nullable(),
  seconds_to_acknowledge: z.int().nullable(),
  action_taken: z.string().nullable().describe('What whoever acknowledged it did, in their words'),
})
export type Alert = z.output<typeof Alert>

const forms = {
  nursing: NursingForm.nullable(),
  radiology: RadiologyForm.nullable(),
  derived: Derived.nullable().describe('Of a nursing assessment: computed, never entered'),
  contradictions: z.array(Contradiction).describe('Of a radiology assessment: answers that speak against the modality'),
}

export const Assessment = z.object({
  id: Id,
  visit_id: Id,
  patient_id: Id,
  kind: AssessmentKind,
  status: AssessmentStatus,
  author_id: Id,
  version_number: z.int().nullable().describe('Of what is shown; null for a draft'),
  ...forms,
  alert: Alert.nullable(),
  taken_at: Instant,
  created_at: Instant,
  updated_at: Instant,
  finalized_at: Instant.nullable(),
  version: z.int(),
})
export type Assessment = z.output<typeof Assessment>

export const AssessmentVersion = z.object({
  version_number: z.int(),
  status: AssessmentStatus,
  signed_by: Id,
  signed_at: Instant,
  reason: z.string().nullable(),
  ...forms,
})
export type AssessmentVersion = z.output<typeof AssessmentVersion>
