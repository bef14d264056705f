// Nursing and radiology assessments: drafts, what was signed, alerts, and the course of vital signs.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api, Operation } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, invalidRequest, stale } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'
import { Assessment, AssessmentVersion } from './assessment-record.contract.ts'
import { NursingForm, VitalSigns } from './nursing.contract.ts'
import { RadiologyForm } from './radiology.contract.ts'

export const AssessmentForms = z.strictObject({
  nursing: NursingForm.optional(),
  radiology: RadiologyForm.optional(),
})
export type AssessmentForms = z.output<typeof AssessmentForms>
export const FinalizeRequest = z.strictObject({
  as: z.enum(['preliminary', 'final']).default('final').describe('Preliminary: a radiology reading that will go on'),
})
export type FinalizeRequest = z.output<typeof FinalizeRequest>
export const AmendRequest = z.strictObject({ reason: Text(1000), ...AssessmentForms.shape })
export type AmendRequest = z.output<typeof AmendRequest>
export const DiscardRequest = z.strictObject({
  reason: Text(1000).nullish().describe('Needed where you are not the author'),
})
export type DiscardRequest = z.output<typeof DiscardRequest>
export const AcknowledgeRequest = z.strictObject({
  action_taken: Text(1000).nullish().describe('What you did, or have asked others to do'),
})
export type AcknowledgeRequest = z.output<typeof AcknowledgeRequest>
export const Discarded = z.object({ id: Id, status: z.literal('discarded'), version: z.int() })
export type Discarded = z.output<typeof Discarded>

export const VitalSignsAt = z.object({
  assessment_id: Id,
  visit_id: Id,
  taken_at: Instant,
  ...VitalSigns.shape,
  bmi: z.number().nullable(),
  mean_arterial_pressure: z.int().nullable(),
  news2_score: z.int().nullable(),
})
export type VitalSignsAt = z.output<typeof VitalSignsAt>

export const visitEnded = defineProblem('visit_ended', 409, 'The visit has ended: nothing new is begun in it')
export const draftOpen = defineProblem('draft_open', 409, 'You have a draft of this in the visit: go on with that one')
export const assessmentSigned = defineProblem(
  'assessment_signed',
  409,
  'What is signed is never changed: amend it, with a reason',
)
export const assessmentDiscarded = defineProblem(
  'assessment_discarded',
  409,
  'This draft was discarded: begin another assessment',
)
export const notSigned = defineProblem(
  'not_signed',
  409,
  'This is a draft or a preliminary reading still: change and finalize it instead',
)
export const safetyUnacknowledged = defineProblem(
  'safety_unacknowledged',
  409,
  'An answer of the safety screening speaks against this examination: acknowledge it first',
)
export const noOpenAlert = defineProblem('no_open_alert', 409, 'There is no alert here that waits to be acknowledged')

const audited = (verb: string) => ({ action: `assessment.${verb}`, resource_type: 'assessment' }) as const
const ofVisit = z.strictObject({ visit_id: Id })
const one = z.strictObject({ assessment_id: Id })
const unchangeable = [patientErased, patientInactive, patientMerged, forbidden]
const nursing = {
  vital_signs: { temperature_celsius: 37.2, pulse_bpm: 80, blood_pressure_systolic: 120, blood_pressure_diastolic: 80 },
}
const radiology = { modality: 'CT', body_site: 'Chest', clinical_indication: 'Cough for six weeks' }

const onVisit = <const Kind extends 'nursing' | 'radiology', Form extends z.ZodType>(
  kind: Kind,
  body: Form,
  example: object,
) => {
  const path = `/api/v1/visits/{visit_id}/${kind}-assessment` as const
  const access = `${kind}-assessments:write` as const
  return {
    create: {
      method: 'POST',
      path,
      summary: `Begin a ${kind} assessment`,
      description: 'A draft, kept as it is typed; only its author sees it and goes on with it, at any screen.',
      access,
      audit: audited('draft'),
      params: ofVisit,
      body,
      returns: [201, Assessment],
      versioned: true,
      problems: [visitEnded, draftOpen, ...unchangeable],
      example,
    },
    read: {
      method: 'GET',
      path,
      summary: `Your draft of a ${kind} assessment, or else the last one that was signed in this visit`,
      access: 'assessments:read',
      audit: audited('read'),
      params: ofVisit,
      returns: [200, Assessment],
      versioned: true,
      problems: [],
    },
    save: {
      method: 'PUT',
      path,
      summary: `Keep your draft of a ${kind} assessment as it is now`,
      access,
      audit: audited('draft'),
      params: ofVisit,
      body,
      returns: [200, Assessment],
      versioned: true,
      problems: [stale, ...unchangeable],
      example,
    },
  } as const satisfies Record<string, Operation>
}

export const nursingApi = onVisit('nursing', NursingForm, nursing)
export const radiologyApi = onVisit('radiology', RadiologyForm, radiology)

export const assessmentApi = {
  listOfVisit: {
    method: 'GET',
    path: '/api/v1/visits/{visit_id}/assessments',
    summary: 'All assessments of a visit, newest first',
    access: 'assessments:read',
    audit: audited('list'),
    params: ofVisit,
    returns: [200, z.object({ items: z.array(Assessment) })],
    problems: [],
  },
  get: {
    method: 'GET',
    path: '/api/v1/assessments/{assessment_id}',
    summary: 'One assessment, as it was signed last; your own draft as it is',
    access: 'assessments:read',
    audit: audited('read'),
    params: one,
    returns: [200, Assessment],
    versioned: true,
    problems: [],
  },
  save: {
    method: 'PUT',
    path: '/api/v1/assessments/{assessment_id}',
    summary: 'Keep your draft as it is now',
    description:
      'With If-Match, a draft that was changed at another screen is not overwritten: 412 names what differs.',
    access: 'assessments:read',
    audit: audited('draft'),
    params: one,
    body: AssessmentForms,
    returns: [200, Assessment],
    versioned: true,
    problems: [assessmentSigned, assessmentDiscarded, stale, ...unchangeable],
    example: { nursing },
  },
  finalize: {
    method: 'POST',
    path: '/api/v1/assessments/{assessment_id}/finalize',
    summary: 'Sign your draft',
    access: 'assessments:read',
    audit: audited('finalize'),
    params: one,
    body: FinalizeRequest,
    returns: [200, Assessment],
    versioned: true,
    problems: [assessmentSigned, assessmentDiscarded, safetyUnacknowledged, invalidRequest, ...unchangeable],
    example: { as: 'final' },
  },
  amend: {
    method: 'POST',
    path: '/api/v1/assessments/{assessment_id}/amend',
    summary: 'Sign another version of what was signed, with a reason',
    description:
      'All versions stay readable. A radiology assessment is amended by its author; a second reading is one of its own.',
    access: 'assessments:read',
    audit: audited('amend'),
    params: one,
    body: AmendRequest,
    returns: [200, Assessment],
    versioned: true,
    problems: [notSigned, assessmentDiscarded, safetyUnacknowledged, stale, invalidRequest, ...unchangeable],
    example: { reason: 'The pulse was that of the other patient', nursing },
  },
  discard: {
    method: 'POST',
    path: '/api/v1/assessments/{assessment_id}/discard',
    summary: 'Discard a draft, so that it no longer keeps its visit from ending',
    description:
      'For its author; and, with a reason, for the doctor of the visit and for administrators, who see nothing of it. What was typed ' +
      'stays for its author to read.',
    access: 'visits:update',
    audit: audited('discard'),
    params: one,
    body: DiscardRequest,
    returns: [200, Discarded],
    versioned: true,
    problems: [assessmentSigned, assessmentDiscarded, stale, invalidRequest, ...unchangeable],
    example: { reason: 'Its author has left the house' },
  },
  acknowledge: {
    method: 'POST',
    path: '/api/v1/assessments/{assessment_id}/acknowledge',
    summary: 'Say that you look after what this assessment warns of',
    description: 'With what you did, if you like: it stands beside the alert from then on.',
    access: 'assessments:read',
    audit: audited('acknowledge'),
    params: one,
    body: AcknowledgeRequest.optional(),
    returns: [200, Assessment],
    versioned: true,
    problems: [noOpenAlert, ...unchangeable],
    example: { action_taken: 'Sat her up, gave oxygen, called the doctor on duty' },
  },
  versions: {
    method: 'GET',
    path: '/api/v1/assessments/{assessment_id}/versions',
    summary: 'Everything that was signed of an assessment, first to last',
    access: 'assessments:read',
    audit: audited('read'),
    params: one,
    returns: [200, z.object({ items: z.array(AssessmentVersion) })],
    problems: [],
  },
  vitalSigns: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/vital-signs',
    summary: 'The vital signs of a patient, newest first, for charts',
    access: 'assessments:read',
    audit: audited('vital_signs'),
    params: z.strictObject({ patient_id: Id }),
    query: z.strictObject({ ...Page, from: Instant.optional(), to: Instant.optional().describe('Excluded') }),
    returns: [200, ListOf(VitalSignsAt)],
    problems: [patientErased, patientMerged],
  },
} as const satisfies Api
