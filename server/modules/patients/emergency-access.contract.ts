// Breaking the glass: opening a record out of scope for an hour, for a reason, seen by those who review it. And who saw a record.
import { z } from 'zod'
import { patientErased } from './patient.contract.ts'
import { Id, Instant, ListOf, Page, QueryBoolean, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden } from '#platform/contract/problem.ts'

export const EmergencyAccess = z.object({ id: Id, patient_id: Id, created_at: Instant, expires_at: Instant })
export type EmergencyAccess = z.output<typeof EmergencyAccess>

export const ReviewedAccess = z.object({
  ...EmergencyAccess.shape,
  patient_number: z.string(),
  user_id: Id,
  user_name: z.string(),
  reason: z.string().nullable().describe('Null where the patient was erased since'),
  reviewed_at: Instant.nullable(),
  reviewed_by: Id.nullable(),
  review_verdict: z.enum(['justified', 'not_justified']).nullable(),
})
export type ReviewedAccess = z.output<typeof ReviewedAccess>

export const SeenBy = z.object({
  id: Id,
  timestamp: Instant,
  user_id: Id.nullable(),
  user_name: z.string().nullable(),
  role: z.string().nullable(),
  action: z.string(),
  resource_type: z.string(),
  resource_id: Id.nullable(),
  outcome: z.enum(['success', 'denied', 'failure']),
  purpose: z.string().nullable().describe('BTG: by emergency access'),
})
export type SeenBy = z.output<typeof SeenBy>

export const alreadyReviewed = defineProblem('already_reviewed', 409, 'This emergency access has been reviewed already')

const OfPatient = z.strictObject({ patient_id: Id })

export const emergencyAccessApi = {
  open_emergency_access: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/emergency-access',
    summary: 'Open a record out of your scope for 60 minutes',
    description:
      'For clinicians, in an emergency. The administrators are told, every use is marked in the audit log, and each one is reviewed.',
    access: 'emergency-access:use',
    audit: { action: 'emergency_access.open', resource_type: 'emergency_access' },
    params: OfPatient,
    body: z.strictObject({ reason: Text(1000, 5) }),
    returns: [201, EmergencyAccess],
    problems: [patientErased],
    example: { reason: 'Unconscious in the emergency room, allergies needed' },
  },
  list_emergency_accesses: {
    method: 'GET',
    path: '/api/v1/emergency-accesses',
    summary: 'Emergency accesses, newest first',
    access: 'emergency-access:review',
    audit: { action: 'emergency_access.list', resource_type: 'emergency_access' },
    query: z.strictObject({ ...Page, reviewed: QueryBoolean.optional() }),
    returns: [200, ListOf(ReviewedAccess)],
    problems: [],
  },
  review_emergency_access: {
    method: 'POST',
    path: '/api/v1/emergency-accesses/{emergency_access_id}/review',
    summary: 'Say whether an emergency access was justified; never your own',
    access: 'emergency-access:review',
    audit: { action: 'emergency_access.review', resource_type: 'emergency_access' },
    params: z.strictObject({ emergency_access_id: Id }),
    body: z.strictObject({ verdict: z.enum(['justified', 'not_justified']) }),
    returns: [200, ReviewedAccess],
    problems: [alreadyReviewed, forbidden],
    example: { verdict: 'justified' },
  },
  access_log: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/access-log',
    summary: 'Who saw or changed this record, when and why, newest first',
    access: 'audit:read',
    audit: { action: 'patient.access_log', resource_type: 'patient' },
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(SeenBy)],
    problems: [],
  },
} as const satisfies Api
