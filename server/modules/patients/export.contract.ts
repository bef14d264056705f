// The right of access: everything about one person, for that person to take away.
import { z } from 'zod'
import { patientErased, patientMerged } from './patient.contract.ts'
import { Id } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const exportApi = {
  export: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/export',
    summary: 'Everything that is kept about a patient, as a ZIP of JSON files',
    description:
      'patient.json is the record, merged_records.json the ones that were merged into it, every other file the rows of one kind; ' +
      'about.json counts them. Patients export their own record.',
    access: 'patients:export',
    audit: { action: 'patient.export', resource_type: 'patient' },
    params: z.strictObject({ patient_id: Id }),
    returns: [200, z.unknown().meta({ type: 'string', format: 'binary' })],
    problems: [patientErased, patientMerged],
    sends: 'zip',
    limit_per_minute: 10,
  },
} as const satisfies Api
