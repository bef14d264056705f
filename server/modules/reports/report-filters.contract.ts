// Which rows of a report are counted: the same members in its own address, in the file of it, and where it is ordered as a job.
import { z } from 'zod'
import { Gender } from '../patients/patient.contract.ts'
import { ResourceType } from '../resources/resource.contract.ts'
import { Id } from '#platform/contract/fields.ts'

export const ReportName = z.enum([
  'dashboard',
  'patient_statistics',
  'visit_volume',
  'clinical_assessments',
  'prescriptions',
  'audit',
  'doctor_utilization',
  'appointment_trends',
  'resource_usage',
])
export type ReportName = z.output<typeof ReportName>

export const AuditOutcome = z.enum(['success', 'denied', 'failure'])

/** All that any report is narrowed by. */
export const Filters = z.strictObject({
  doctor_id: Id.optional().describe('Of this doctor only'),
  department_id: Id.optional().describe('Of this department only'),
  gender: Gender.optional().describe('Patients of this gender only'),
  type: ResourceType.optional().describe('Resources of this type only'),
  ward: z.string().max(100).optional().describe('Resources in this ward only, as it was at each moment'),
  action: z.string().max(100).optional().describe('Entries of this action only'),
  role: z.string().max(100).optional().describe('Entries of those who had this role only'),
  outcome: AuditOutcome.optional().describe('Entries with this outcome only'),
})
export type Filters = z.output<typeof Filters>
export type FilterName = keyof Filters
export const filterNames = Filters.keyof().options

export const filtersOf = {
  dashboard: [],
  patient_statistics: ['gender'],
  visit_volume: ['doctor_id', 'department_id'],
  clinical_assessments: ['doctor_id', 'department_id'],
  prescriptions: ['doctor_id'],
  audit: ['action', 'role', 'outcome'],
  doctor_utilization: ['doctor_id', 'department_id'],
  appointment_trends: ['doctor_id', 'department_id'],
  resource_usage: ['type', 'ward', 'department_id'],
} as const satisfies Record<ReportName, readonly FilterName[]>
