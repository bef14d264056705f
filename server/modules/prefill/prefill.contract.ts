// What a form of a visit may begin with.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { patientErased, patientMerged } from '../patients/patient.contract.ts'

export const Prefill = z.object({
  items: z.array(
    z.object({
      field: z.string(),
      value: z.unknown(),
      source: z.object({ type: z.string(), id: Id, at: Instant }),
    }),
  ),
})
export type Prefill = z.output<typeof Prefill>

const before = <const Kind extends 'nursing' | 'radiology'>(kind: Kind) =>
  ({
    prefill: {
      method: 'GET',
      path: `/api/v1/visits/{visit_id}/${kind}-assessment/prefill`,
      summary: 'What is known and still true, each value with where it comes from',
      description:
        'Measurements, allergies, conditions, current medicines (of prescriptions that were signed, whose course still runs), insurance and ' +
        'whom to call: of each what you may read.',
      access: `${kind}-assessments:write`,
      audit: { action: 'assessment.prefill', resource_type: 'assessment' },
      params: z.strictObject({ visit_id: Id }),
      returns: [200, Prefill],
      problems: [patientErased, patientMerged],
    },
  }) as const satisfies Api

export const nursingPrefillApi = before('nursing')
export const radiologyPrefillApi = before('radiology')
