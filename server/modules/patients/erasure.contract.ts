// Erasure: how long a record must be kept, what holds it, and destroying its key.
import { z } from 'zod'
import { patientErased, patientMerged } from './patient.contract.ts'
import { Id, Instant, LocalDate, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

/**
 * Full years that a record is kept after its last entry; nobody may shorten them. The longest of the terms that hospitals meet:
 * HIPAA asks for 6 (45 CFR 164.316(b)(2)(i)), German law for 10 (BGB section 630f).
 */
export const retentionYears = 10

export const retentionNotOver = defineProblem(
  'retention_not_over',
  409,
  `A record is kept for ${retentionYears} years after its last entry: \`retention_ends_on\` says until when`,
)
export const legalHold = defineProblem(
  'legal_hold',
  409,
  'This record is under legal hold: it is not erased before that ends',
)

export const Retention = z.object({
  patient_id: Id,
  legal_hold: z.boolean(),
  last_entry_at: Instant,
  retention_ends_on: LocalDate,
  can_be_erased: z.boolean(),
  version: z.int(),
})
export type Retention = z.output<typeof Retention>

export const Erasure = z.object({
  patient_id: Id,
  patient_number: z.string(),
  erased_at: Instant,
  records: z.array(Id).describe('This one and all that were merged into it'),
  keys_destroyed: z.int(),
  accounts_closed: z.int(),
  version: z.int(),
})
export type Erasure = z.output<typeof Erasure>

const PatientParams = z.strictObject({ patient_id: Id })

export const erasureApi = {
  retention: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/retention',
    summary: 'Until when a record must be kept, and whether it can be erased',
    access: 'patients:erase',
    audit: { action: 'patient.retention', resource_type: 'patient' },
    params: PatientParams,
    returns: [200, Retention],
    problems: [patientErased],
    versioned: true,
  },
  hold: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/legal-hold',
    summary: 'Put a record under legal hold, or end that',
    access: 'patients:erase',
    audit: { action: 'patient.legal_hold', resource_type: 'patient' },
    params: PatientParams,
    body: z.strictObject({ legal_hold: z.boolean(), reason: Text(500) }),
    returns: [200, Retention],
    problems: [patientErased],
    versioned: true,
    example: { legal_hold: true, reason: 'Court order 17 of the district court' },
  },
  erase: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/erase',
    summary: 'Erase a person for ever',
    description:
      'Destroys the keys of the record and of all that were merged into it, and everything by which the person is found. ' +
      'It cannot be undone. The audit log stays whole, with the number of the record and without anything about the person.',
    access: 'patients:erase',
    audit: { action: 'patient.erase', resource_type: 'patient' },
    params: PatientParams,
    body: z.strictObject({ reason: Text(500) }),
    returns: [200, Erasure],
    problems: [retentionNotOver, legalHold, patientErased, patientMerged],
    versioned: true,
    example: { reason: 'Asked for by the person, retention is over' },
  },
} as const satisfies Api
