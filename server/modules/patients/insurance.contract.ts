// Who pays for a patient.
import { z } from 'zod'
import { contactDetailsOnly, patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { Currency, Id, Instant, ListOf, LocalDate, Money, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const VerificationStatus = z.enum(['PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED'])

export const NewInsurance = z
  .strictObject({
    provider_name: Text(200),
    policy_number: Text(60),
    group_number: Text(60).nullish(),
    policy_holder_name: Text(200).nullish(),
    relationship_to_patient: Text(60).nullish(),
    coverage_start_date: LocalDate,
    coverage_end_date: LocalDate.nullish(),
    copay_amount: Money.nullish(),
    coverage_percentage: z.number().min(0).max(100).nullish().describe('Two decimals'),
    max_coverage: Money.nullish(),
    currency: Currency.default('USD'),
    is_active: z.boolean().default(true),
  })
  .refine(
    ({ coverage_start_date, coverage_end_date }) => !coverage_end_date || coverage_end_date >= coverage_start_date,
    {
      path: ['coverage_end_date'],
      error: 'Must not be before coverage_start_date',
      params: { code: 'end_before_start' },
    },
  )
export type NewInsurance = z.output<typeof NewInsurance>

export const Insurance = z.object({
  id: Id,
  patient_id: Id,
  provider_name: z.string(),
  policy_number: z.string(),
  group_number: z.string().nullable(),
  policy_holder_name: z.string().nullable(),
  relationship_to_patient: z.string().nullable(),
  coverage_start_date: LocalDate,
  coverage_end_date: LocalDate.nullable(),
  copay_amount: Money.nullable(),
  coverage_percentage: z.number().nullable(),
  max_coverage: Money.nullable(),
  currency: Currency,
  is_active: z.boolean(),
  verification_status: VerificationStatus,
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Insurance = z.output<typeof Insurance>

export const duplicatePolicy = defineProblem(
  'duplicate_policy',
  409,
  'An insurance with this policy number exists already',
)

const OfPatient = z.strictObject({ patient_id: Id })
const One = z.strictObject({ patient_id: Id, insurance_id: Id })
const example = {
  provider_name: 'Blue Shield',
  policy_number: 'BS-2026-001',
  coverage_start_date: '2026-01-01',
  copay_amount: '25.00',
  coverage_percentage: 80,
  currency: 'USD',
}
const audit = (verb: string) => ({ action: `insurance.${verb}`, resource_type: 'insurance' })
const problems = [patientErased, patientInactive, patientMerged, contactDetailsOnly]

export const insuranceApi = {
  list_insurances: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/insurances',
    summary: 'The insurances of a patient, newest first',
    access: 'patients:read',
    audit: audit('list'),
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(Insurance)],
    problems: [patientErased, patientMerged],
  },
  add_insurance: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/insurances',
    summary: 'Add an insurance',
    access: 'patients:update',
    audit: audit('create'),
    params: OfPatient,
    body: NewInsurance,
    returns: [201, Insurance],
    problems: [...problems, duplicatePolicy],
    versioned: true,
    example,
  },
  replace_insurance: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/insurances/{insurance_id}',
    summary: 'Replace an insurance; it is to be verified again',
    access: 'patients:update',
    audit: audit('update'),
    params: One,
    body: NewInsurance,
    returns: [200, Insurance],
    problems: [...problems, duplicatePolicy],
    versioned: true,
    example,
  },
  remove_insurance: {
    method: 'DELETE',
    path: '/api/v1/patients/{patient_id}/insurances/{insurance_id}',
    summary: 'Remove an insurance',
    access: 'patients:update',
    audit: audit('delete'),
    params: One,
    returns: [204, null],
    problems,
    versioned: true,
  },
  verify_insurance: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/insurances/{insurance_id}/verify',
    summary: 'Record what the insurer said',
    access: 'patients:update',
    audit: audit('verify'),
    params: One,
    body: z.strictObject({ status: VerificationStatus }),
    returns: [200, Insurance],
    problems,
    versioned: true,
    example: { status: 'VERIFIED' },
  },
} as const satisfies Api
