// Who has a resource, who had it, and for how long. A patient is named only to those who may read their record.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, QueryBoolean, QueryInteger, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { KindQuery, ResourceType } from './resource.contract.ts'

const hidden = 'Null where you may not read the patient'
export const Assignment = z.object({
  id: Id,
  resource_id: Id,
  lane: z.int(),
  patient_id: Id.nullable().describe(hidden),
  assigned_at: Instant,
  expected_release_at: Instant.nullable().describe('A plan: it frees nothing'),
  released_at: Instant.nullable(),
  assigned_by: Id.nullable(),
  notes: z.string().nullable().describe(hidden),
})
export type Assignment = z.output<typeof Assignment>

const Lane = z.int().min(1).max(8)
const planned = {
  expected_release_at: Instant.nullish().describe('A plan: it frees nothing'),
  notes: Text(1000).nullish(),
}
export const AssignRequest = z.strictObject({
  patient_id: Id,
  lane: Lane.optional().describe('The first free one unless given'),
  ...planned,
})
export type AssignRequest = z.output<typeof AssignRequest>

/** Says which assignment is meant where a resource has several. */
export const TransferRequest = z.strictObject({
  to_resource_id: Id,
  assignment_id: Id.optional().describe('Which one, where several have it; refused when it has ended meanwhile'),
  lane: Lane.optional().describe('Of the new resource: the first free one unless given'),
  ...planned,
})
export type TransferRequest = z.output<typeof TransferRequest>

export const ReleaseQuery = z.strictObject({
  assignment_id: Id.optional().describe('Which one, where several have it; refused when it has ended meanwhile'),
})
export type ReleaseQuery = z.output<typeof ReleaseQuery>

export const AssignmentQuery = z.strictObject({
  ...Page,
  current: QueryBoolean.optional().describe('true: who has it now'),
  at: Instant.optional().describe('Who had it at that moment'),
})
export type AssignmentQuery = z.output<typeof AssignmentQuery>

export const Occupancy = z.object({
  type: ResourceType,
  ward: z.string().nullable().describe('Where the resource belongs today'),
  total: z.int().describe('In use at that moment'),
  occupied: z.int(),
  assignments: z.int().describe('More than `occupied` where resources have lanes'),
})
export type Occupancy = z.output<typeof Occupancy>

export const LongStayQuery = z.strictObject({
  ...Page,
  ...KindQuery.shape,
  days: QueryInteger(0, 3650).default(30).describe('Without an end for longer than this; 0: all that somebody has now'),
})
export type LongStayQuery = z.output<typeof LongStayQuery>

export const LongStay = Assignment.omit({ notes: true }).extend({
  resource_code: z.string(),
  resource_name: z.string(),
  type: ResourceType,
  ward: z.string().nullable(),
  days: z.int().describe('Whole days so far'),
})
export type LongStay = z.output<typeof LongStay>

export const resourceUnavailable = defineProblem(
  'resource_unavailable',
  409,
  'This resource cannot be had now: free lists others of its type, those of its ward first',
)
export const patientHasBed = defineProblem(
  'patient_has_bed',
  409,
  'The patient has a bed already: transfer them from there, or release it first',
)
export const notAssigned = defineProblem(
  'not_assigned',
  409,
  'Nobody has this resource, or not by that assignment any more: read it again',
)
export const assignmentUnclear = defineProblem(
  'assignment_unclear',
  409,
  'Several have this resource: say with assignment_id which one is meant',
)

const audited = (action: string) => ({ action: `resource.${action}`, resource_type: 'resource' }) as const
const params = z.strictObject({ resource_id: Id })

export const assignmentApi = {
  assign: {
    method: 'POST',
    path: '/api/v1/resources/{resource_id}/assign',
    summary: 'Give a bed, a room or a device to a patient',
    description:
      'One has it at a time, or one in each lane. A patient has one bed at a time. What is in maintenance, cleaning or retired cannot be had, nor what is reserved now for somebody else.',
    access: 'resources:assign',
    audit: audited('assign'),
    params,
    body: AssignRequest,
    returns: [201, Assignment],
    problems: [notFound, resourceUnavailable, patientHasBed],
    example: { patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22', expected_release_at: '2126-12-05T10:00:00Z' },
  },
  release: {
    method: 'DELETE',
    path: '/api/v1/resources/{resource_id}/assign',
    summary: 'Release a resource',
    description: 'A bed or an operating room is to be cleaned then, and can be had when it is marked available.',
    access: 'resources:assign',
    audit: audited('release'),
    params,
    query: ReleaseQuery,
    returns: [200, Assignment],
    problems: [notFound, forbidden, notAssigned, assignmentUnclear],
  },
  transfer: {
    method: 'POST',
    path: '/api/v1/resources/{resource_id}/transfer',
    summary: 'Move whoever has it to another resource',
    description:
      'One change: where the other one cannot be had, everything stays as it is. From bed to bed, or between resources of one type.',
    access: 'resources:assign',
    audit: audited('transfer'),
    params,
    body: TransferRequest,
    returns: [200, Assignment],
    problems: [notFound, forbidden, notAssigned, assignmentUnclear, resourceUnavailable, patientHasBed],
    example: { to_resource_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b33' },
  },
  history: {
    method: 'GET',
    path: '/api/v1/resources/{resource_id}/assignments',
    summary: 'Who has and had a resource, newest first',
    access: 'resources:assign',
    audit: audited('list_assignments'),
    params,
    query: AssignmentQuery,
    returns: [200, ListOf(Assignment)],
    problems: [notFound],
  },
  ofPatient: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/resource-assignments',
    summary: 'Where a patient is and was, and what they have and had, newest first',
    access: 'patients:read',
    audit: audited('list_assignments'),
    params: z.strictObject({ patient_id: Id }),
    query: AssignmentQuery,
    returns: [200, ListOf(Assignment)],
    problems: [notFound],
  },
  occupancy: {
    method: 'GET',
    path: '/api/v1/resources/occupancy',
    summary: 'How many were occupied at a moment, by type and ward',
    access: 'resources:assign',
    audit: 'none',
    query: KindQuery.extend({ at: Instant.optional().describe('Now unless given') }),
    returns: [200, z.object({ at: Instant, items: z.array(Occupancy) })],
    problems: [],
  },
  longStays: {
    method: 'GET',
    path: '/api/v1/resources/long-stays',
    summary: 'Assignments without an end for long, longest first',
    access: 'resources:assign',
    audit: audited('list_assignments'),
    query: LongStayQuery,
    returns: [200, ListOf(LongStay)],
    problems: [],
  },
} as const satisfies Api
