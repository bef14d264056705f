// What a patient suffers from, or did.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { forbidden } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'

export const ClinicalStatus = z.enum(['active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved'])
export type ClinicalStatus = z.output<typeof ClinicalStatus>
const ended: readonly ClinicalStatus[] = ['inactive', 'remission', 'resolved']

/** By its form: a letter, a digit, a digit or letter, and up to four more behind a dot. No list of codes ships. */
const Icd10 = z
  .string()
  .regex(/^[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$/, 'Must be a code of ICD-10 such as E11.9')
  .meta({ examples: ['E11.9'] })

export const NewCondition = z
  .strictObject({
    text: Text(500),
    icd10_code: Icd10.nullish(),
    clinical_status: ClinicalStatus.default('active'),
    onset_date: LocalDate.nullish(),
    resolved_date: LocalDate.nullish(),
  })
  .refine(({ onset_date, resolved_date }) => !onset_date || !resolved_date || resolved_date >= onset_date, {
    path: ['resolved_date'],
    error: 'Must not be before onset_date',
    params: { code: 'end_before_start' },
  })
  .refine(({ clinical_status, resolved_date }) => !resolved_date || ended.includes(clinical_status), {
    path: ['resolved_date'],
    error: 'Only what is inactive, in remission or resolved has an end',
    params: { code: 'not_resolved' },
  })
export type NewCondition = z.output<typeof NewCondition>

export const Condition = z.object({
  id: Id,
  patient_id: Id,
  text: z.string(),
  icd10_code: z.string().nullable(),
  clinical_status: ClinicalStatus,
  onset_date: LocalDate.nullable(),
  resolved_date: LocalDate.nullable(),
  created_by: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Condition = z.output<typeof Condition>

const OfPatient = z.strictObject({ patient_id: Id })
const One = z.strictObject({ patient_id: Id, condition_id: Id })
const audit = (verb: string) => ({ action: `condition.${verb}`, resource_type: 'condition' })
const problems = [patientErased, patientInactive, patientMerged, forbidden]
const example = { text: 'Type 2 diabetes', icd10_code: 'E11.9', onset_date: '2019-05-01' }

export const conditionApi = {
  list_conditions: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/conditions',
    summary: 'The conditions of a patient, newest first',
    description: 'Those that were entered in error are not among them.',
    access: 'chart:read',
    audit: audit('list'),
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(Condition)],
    problems: [patientErased, patientMerged],
  },
  get_condition: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/conditions/{condition_id}',
    summary: 'One condition',
    access: 'chart:read',
    audit: audit('read'),
    params: One,
    returns: [200, Condition],
    problems: [patientErased, patientMerged],
    versioned: true,
  },
  add_condition: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/conditions',
    summary: 'Record a condition',
    access: 'chart:write',
    audit: audit('add'),
    params: OfPatient,
    body: NewCondition,
    returns: [201, Condition],
    problems,
    versioned: true,
    example,
  },
  replace_condition: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/conditions/{condition_id}',
    summary: 'Replace what is recorded of a condition',
    access: 'chart:write',
    audit: audit('update'),
    params: One,
    body: NewCondition,
    returns: [200, Condition],
    problems,
    versioned: true,
    example,
  },
  remove_condition: {
    method: 'DELETE',
    path: '/api/v1/patients/{patient_id}/conditions/{condition_id}',
    summary: 'Mark a condition as entered in error',
    description: 'It is kept, and shown no more. A condition that has passed is replaced with its end instead.',
    access: 'chart:write',
    audit: audit('remove'),
    params: One,
    returns: [204, null],
    problems,
    versioned: true,
  },
} as const satisfies Api
