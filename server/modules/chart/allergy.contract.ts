// What a patient does not tolerate.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { forbidden } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'

export const AllergySeverity = z.enum(['mild', 'moderate', 'severe', 'life_threatening'])
export type AllergySeverity = z.output<typeof AllergySeverity>
export const AllergyStatus = z.enum(['active', 'inactive', 'resolved'])

const Code = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$/, 'Must be a code of letters, digits, dots and hyphens')
  .meta({ examples: ['J01CA04'] })

export const NewAllergy = z.strictObject({
  substance: Text(200).describe('As it is said: a medicine, a class of medicines, or anything else'),
  code: Code.nullish().describe('Of the substance; prescriptions know those of the ATC classification'),
  code_system: z.enum(['atc', 'rxnorm', 'snomed', 'other']).nullish(),
  reaction: Text(500).nullish(),
  severity: AllergySeverity.default('moderate'),
  status: AllergyStatus.default('active'),
})
export type NewAllergy = z.output<typeof NewAllergy>

export const Allergy = z.object({
  id: Id,
  patient_id: Id,
  substance: z.string(),
  code: z.string().nullable(),
  code_system: z.string().nullable(),
  reaction: z.string().nullable(),
  severity: AllergySeverity,
  status: AllergyStatus,
  created_by: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Allergy = z.output<typeof Allergy>

const OfPatient = z.strictObject({ patient_id: Id })
const One = z.strictObject({ patient_id: Id, allergy_id: Id })
const audit = (verb: string) => ({ action: `allergy.${verb}`, resource_type: 'allergy' })
const problems = [patientErased, patientInactive, patientMerged, forbidden]
const example = { substance: 'Penicillin', reaction: 'Hives', severity: 'severe' }

export const allergyApi = {
  list_allergies: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/allergies',
    summary: 'The allergies of a patient, newest first',
    description: 'Those that were entered in error are not among them.',
    access: 'chart:read',
    audit: audit('list'),
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(Allergy)],
    problems: [patientErased, patientMerged],
  },
  get_allergy: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/allergies/{allergy_id}',
    summary: 'One allergy',
    access: 'chart:read',
    audit: audit('read'),
    params: One,
    returns: [200, Allergy],
    problems: [patientErased, patientMerged],
    versioned: true,
  },
  add_allergy: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/allergies',
    summary: 'Record an allergy',
    access: 'chart:write',
    audit: audit('add'),
    params: OfPatient,
    body: NewAllergy,
    returns: [201, Allergy],
    problems,
    versioned: true,
    example,
  },
  replace_allergy: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/allergies/{allergy_id}',
    summary: 'Replace what is recorded of an allergy',
    access: 'chart:write',
    audit: audit('update'),
    params: One,
    body: NewAllergy,
    returns: [200, Allergy],
    problems,
    versioned: true,
    example,
  },
  remove_allergy: {
    method: 'DELETE',
    path: '/api/v1/patients/{patient_id}/allergies/{allergy_id}',
    summary: 'Mark an allergy as entered in error',
    description: 'It is kept, and shown no more. An allergy that has passed is replaced with status resolved instead.',
    access: 'chart:write',
    audit: audit('remove'),
    params: One,
    returns: [204, null],
    problems,
    versioned: true,
  },
} as const satisfies Api
