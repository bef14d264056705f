// Visits: who is here, in which state, and what became of it.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, ReckonedDate, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound } from '#platform/contract/problem.ts'
import { patientErased, patientMerged } from '../patients/patient.contract.ts'
import { departmentUnknown } from '../doctors/doctor.contract.ts'

export const VisitStatus = z.enum([
  'registered',
  'triaged',
  'in_progress',
  'admitted',
  'completed',
  'discharged',
  'left_without_being_seen',
  'cancelled',
])
export type VisitStatus = z.output<typeof VisitStatus>
export const VisitType = z.enum(['outpatient', 'inpatient', 'emergency', 'telemedicine'])
const Priority = z.int().min(1).max(5).describe('1 is seen first')

export const Visit = z.object({
  id: Id,
  visit_number: z.string().meta({ examples: ['VS-20261201-0001'] }),
  patient_id: Id,
  appointment_id: Id.nullable(),
  doctor_id: Id.nullable(),
  department_id: Id,
  type: VisitType,
  status: VisitStatus,
  priority: Priority,
  chief_complaint: z.string().nullable().describe('Null, too, for those who may read the status only'),
  news2_score: z.int().nullable().describe('Of the last vital signs; null for those who may read the status only'),
  opened_at: Instant,
  closed_at: Instant.nullable(),
  created_by: Id.nullable(),
  updated_at: Instant,
  version: z.int(),
})
export type Visit = z.output<typeof Visit>

export const VisitRequest = z.strictObject({
  patient_id: Id,
  department_id: Id.optional().describe('Your own, or that of the doctor, where it is left out'),
  doctor_id: Id.nullish(),
  type: VisitType.default('outpatient'),
  priority: Priority.default(3),
  chief_complaint: Text(500).nullish(),
})
export type VisitRequest = z.output<typeof VisitRequest>

export const VisitChange = z.strictObject({
  doctor_id: Id.nullable(),
  type: VisitType,
  priority: Priority,
  chief_complaint: Text(500).nullable(),
})
export type VisitChange = z.output<typeof VisitChange>

export const VisitStatusRequest = z.strictObject({
  status: VisitStatus,
  reason: Text(500).nullish().describe('Needed to open a visit again that had ended'),
})
export type VisitStatusRequest = z.output<typeof VisitStatusRequest>

export const VisitQuery = z.strictObject({
  ...Page,
  patient_id: Id.optional(),
  doctor_id: Id.optional(),
  department_id: Id.optional(),
  status: z
    .union([VisitStatus, z.literal('open')])
    .optional()
    .describe('open: every status that is not final'),
  date: ReckonedDate.optional().describe("Opened on this day of the hospital's"),
  from: ReckonedDate.optional(),
  to: ReckonedDate.optional().describe('Included'),
})
export type VisitQuery = z.output<typeof VisitQuery>

export const VisitHistory = z.object({
  items: z.array(
    z.object({
      id: Id,
      timestamp: Instant,
      user_id: Id.nullable(),
      from_status: VisitStatus.nullable(),
      to_status: VisitStatus,
      reason: z.string().nullable(),
    }),
  ),
})
export type VisitHistory = z.output<typeof VisitHistory>

export const Waiting = z.object({
  ...Visit.omit({ chief_complaint: true }).shape,
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  patient_number: z.string(),
  waiting_minutes: z.int().describe('Since the visit was opened'),
})
export type Waiting = z.output<typeof Waiting>

export const visitOpen = defineProblem(
  'visit_open',
  409,
  'The patient has an open visit in this department: go on with that one',
)
export const visitTransition = defineProblem(
  'visit_transition',
  409,
  'A visit does not go from its status to that one: see allowed',
)
export const visitUnfinished = defineProblem(
  'visit_unfinished',
  409,
  'Something is still open: finish or discard the assessments and release the resources that are named',
)
export const bedMissing = defineProblem('bed_missing', 409, 'Assign a bed to the patient before you admit them')
export const departmentMissing = defineProblem(
  'department_missing',
  422,
  'Say in which department: give department_id, or a doctor who has one',
)
export const queueEmpty = defineProblem('queue_empty', 404, 'Nobody is waiting in this department')

const audited = (verb: string) => ({ action: `visit.${verb}`, resource_type: 'visit' }) as const
const params = z.strictObject({ visit_id: Id })
const department = z.strictObject({ department_id: Id })

export const visitApi = {
  open: {
    method: 'POST',
    path: '/api/v1/visits',
    summary: 'Open a visit',
    description:
      'A check-in opens one by itself. Whoever finds a patient may open a visit in their own department; from then on the record is in reach.',
    access: 'visits:create',
    audit: audited('open'),
    body: VisitRequest,
    returns: [201, Visit],
    versioned: true,
    problems: [visitOpen, departmentMissing, departmentUnknown, notFound, forbidden],
    example: { patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22', type: 'outpatient', chief_complaint: 'Chest pain' },
  },
  list: {
    method: 'GET',
    path: '/api/v1/visits',
    summary: 'Visits in your reach, newest first',
    access: 'visits:status',
    audit: audited('list'),
    query: VisitQuery,
    returns: [200, ListOf(Visit)],
    problems: [],
  },
  listOfPatient: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/visits',
    summary: 'The visits of a patient, newest first',
    access: 'visits:status',
    audit: audited('list'),
    params: z.strictObject({ patient_id: Id }),
    query: z.strictObject({ ...Page }),
    returns: [200, ListOf(Visit)],
    problems: [patientErased, patientMerged],
  },
  queue: {
    method: 'GET',
    path: '/api/v1/visits/queue',
    summary: 'Who waits in a department: by priority, early-warning score and waiting time',
    access: 'visits:status',
    audit: audited('queue'),
    query: department.extend({
      status: z
        .enum(['waiting', 'open'])
        .default('waiting')
        .describe('open: also who is with a doctor, or admitted: everybody who is here'),
    }),
    returns: [200, z.object({ items: z.array(Waiting) })],
    problems: [],
  },
  next: {
    method: 'POST',
    path: '/api/v1/visits/queue/next',
    summary: 'Take the next patient',
    description: 'No two people take the same. Doctors begin the visit of who is triaged; nurses take who is not yet.',
    access: 'visits:update',
    audit: audited('set_status'),
    body: department,
    returns: [200, Visit],
    versioned: true,
    problems: [queueEmpty],
    example: { department_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b33' },
  },
  get: {
    method: 'GET',
    path: '/api/v1/visits/{visit_id}',
    summary: 'One visit',
    access: 'visits:status',
    audit: audited('read'),
    params,
    returns: [200, Visit],
    versioned: true,
    problems: [],
  },
  change: {
    method: 'PUT',
    path: '/api/v1/visits/{visit_id}',
    summary: 'Change who sees the patient, how urgent it is, and why they came',
    access: 'visits:update',
    audit: audited('update'),
    params,
    body: VisitChange,
    returns: [200, Visit],
    versioned: true,
    problems: [visitTransition, notFound],
    example: { doctor_id: null, type: 'outpatient', priority: 2, chief_complaint: 'Chest pain' },
  },
  setStatus: {
    method: 'PUT',
    path: '/api/v1/visits/{visit_id}/status',
    summary: 'Triage, begin, admit, complete, discharge, or end without being seen',
    description:
      'Completing and discharging are refused while an assessment is a draft or a resource is assigned. Only an administrator opens a visit again, with a reason.',
    access: 'visits:update',
    audit: audited('set_status'),
    params,
    body: VisitStatusRequest,
    returns: [200, Visit],
    versioned: true,
    problems: [visitTransition, visitUnfinished, visitOpen, bedMissing, forbidden],
    example: { status: 'triaged' },
  },
  history: {
    method: 'GET',
    path: '/api/v1/visits/{visit_id}/history',
    summary: 'What became of a visit, first to last',
    access: 'visits:read',
    audit: audited('read'),
    params,
    returns: [200, VisitHistory],
    problems: [],
  },
} as const satisfies Api
