// What a patient is taking, as far as it was prescribed here.
import { z } from 'zod'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { patientErased, patientMerged } from '../patients/patient.contract.ts'
import { Medicine } from './prescription.contract.ts'

export const CurrentMedicine = z.object({
  ...Medicine.shape,
  prescription_id: Id,
  signed_at: Instant,
})
export type CurrentMedicine = z.output<typeof CurrentMedicine>

export const currentMedicineApi = {
  list: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/current-medicines',
    summary: 'What a patient is taking, of prescriptions that were signed and whose course still runs',
    description: 'Newest first. What was prescribed elsewhere, or is taken without a prescription, is not known here.',
    access: 'prescriptions:read',
    audit: { action: 'prescription.list', resource_type: 'prescription' },
    params: z.strictObject({ patient_id: Id }),
    returns: [200, z.object({ items: z.array(CurrentMedicine) })],
    problems: [patientErased, patientMerged],
  },
} as const satisfies Api
