// Everything about a patient in order of time, as far as the caller may see it.
import { z } from 'zod'
import { Id, Instant, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { patientErased, patientMerged } from '../patients/patient.contract.ts'

export const TimelineKind = z.enum([
  'appointment',
  'visit',
  'bed_stay',
  'allergy',
  'condition',
  'note',
  'assessment',
  'document',
  'prescription',
])

export const TimelineEntry = z.object({
  id: Id,
  kind: TimelineKind,
  at: Instant.describe('When it took place, begins, or was recorded, uploaded or signed'),
  type: z.string().nullable(),
  status: z.string().nullable(),
  title: z.string().nullable().describe('What it is about, in the words of the record'),
  by: Id.nullable().describe('The user, or of appointments and prescriptions the doctor'),
})
export type TimelineEntry = z.output<typeof TimelineEntry>

export const TimelineQuery = z.strictObject({
  limit: Page.limit,
  cursor: Page.cursor,
  kind: TimelineKind.optional(),
})
export type TimelineQuery = z.output<typeof TimelineQuery>

export const Timeline = z.object({
  items: z.array(TimelineEntry),
  limit: z.int(),
  next_cursor: z.string().nullable().describe('Give it as cursor to read on; null at the end'),
})
export type Timeline = z.output<typeof Timeline>

export const timelineApi = {
  read: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/timeline',
    summary: 'What happened to a patient, and is to happen, newest first',
    description:
      'Of each kind of record you see here what you may see there: who may not read the chart finds no allergies. Notes, prescriptions and assessments appear when they are signed as final, documents in their current version. A page costs the same however much there is.',
    access: 'patients:read',
    audit: { action: 'timeline.read', resource_type: 'patient' },
    params: z.strictObject({ patient_id: Id }),
    query: TimelineQuery,
    returns: [200, Timeline],
    problems: [patientErased, patientMerged],
  },
} as const satisfies Api
