// What waits for somebody: alerts that nobody looks after yet, and one's own drafts.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { forbidden } from '#platform/contract/problem.ts'
import { Alert, Assessment } from './assessment-record.contract.ts'

export const OpenAlert = z.object({
  assessment_id: Id,
  ...Assessment.pick({ kind: true, visit_id: true, patient_id: true }).shape,
  ...Alert.pick({ reason: true, raised_at: true, addressed_to: true, level: true }).shape,
})
export type OpenAlert = z.output<typeof OpenAlert>

export const AssessmentDraft = Assessment.pick({
  id: true,
  visit_id: true,
  patient_id: true,
  kind: true,
  status: true,
}).extend({ updated_at: Instant })
export type AssessmentDraft = z.output<typeof AssessmentDraft>

const audited = (verb: string) => ({ action: `assessment.${verb}`, resource_type: 'assessment' }) as const

export const worklistApi = {
  alerts: {
    method: 'GET',
    path: '/api/v1/assessments/alerts',
    summary: 'Alerts that nobody has acknowledged yet, oldest first',
    description: 'Of the patients in your reach, whomever they are addressed to. The first hundred. For clinicians.',
    access: 'assessments:read',
    audit: audited('alerts'),
    returns: [200, z.object({ items: z.array(OpenAlert) })],
    problems: [forbidden],
  },
  drafts: {
    method: 'GET',
    path: '/api/v1/assessments/drafts',
    summary: 'Your drafts and preliminary readings that wait for your signature, oldest first',
    description: 'Without what they say. The first hundred. For clinicians.',
    access: 'assessments:read',
    audit: audited('list'),
    returns: [200, z.object({ items: z.array(AssessmentDraft) })],
    problems: [forbidden],
  },
} as const satisfies Api
