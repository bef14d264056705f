// The right of access: everything about one person, for that person or whomever it is disclosed to, to take away.
import { z } from 'zod'
import { Recipient } from './disclosure.contract.ts'
import { patientErased, patientMerged } from './patient.contract.ts'
import { Id, Instant, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

/** For how long a copy can be fetched once it was asked for. */
export const exportLinkMinutes = 10

export const NewExport = z.strictObject({
  recipient: Recipient.optional().describe('Whom the copy is for; staff must say, patients take their own'),
  purpose: Text(1000).optional().describe('What for; with the recipient'),
})
export type NewExport = z.output<typeof NewExport>

export const ExportLink = z.object({
  id: Id,
  patient_id: Id,
  url: z.string().describe('Fetched once, by whoever asked for it, signed in as ever: the address alone opens nothing'),
  expires_at: Instant,
})
export type ExportLink = z.output<typeof ExportLink>

export const recipientRequired = defineProblem(
  'recipient_required',
  403,
  'A copy for somebody else is disclosed: say for whom and why, with POST /api/v1/patients/{patient_id}/exports',
)
export const exportRunning = defineProblem(
  'export_running',
  429,
  'You are fetching another copy: wait until it is here, then repeat',
)
export const exportSpent = defineProblem(
  'export_spent',
  410,
  'This copy was fetched, or its time is over: ask for a new one',
)

const OfPatient = z.strictObject({ patient_id: Id })
const audit = { action: 'patient.export', resource_type: 'patient' }
const Zip = z.unknown().meta({ type: 'string', format: 'binary' })

export const exportApi = {
  export: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/export',
    summary: 'Everything that is kept about oneself, as a ZIP',
    description:
      'record.pdf is for reading; patient.json is the record, merged_records.json the ones that were merged into it, every other ' +
      'file the rows of one kind; about.json counts them. The files themselves are in the folder documents. One copy at a time for a user. Staff ask for a link.',
    access: 'patients:export',
    audit,
    params: OfPatient,
    returns: [200, Zip],
    problems: [patientErased, patientMerged, recipientRequired, exportRunning],
    sends: 'zip',
    limit_per_minute: 10,
  },
  make_link: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/exports',
    summary: 'Ask for a copy of the record, to be fetched once within ten minutes',
    description: 'Staff say for whom and why. The copy is recorded as a disclosure when it is fetched.',
    access: 'patients:export',
    audit: { action: 'patient.export_link', resource_type: 'patient_export' },
    params: OfPatient,
    body: NewExport,
    returns: [201, ExportLink],
    problems: [patientErased, patientMerged],
    limit_per_minute: 10,
    example: {
      recipient: { name: 'Harbour Insurance', address: '12 Quay Street, Boston' },
      purpose: 'Claim of the insurer',
    },
  },
  fetch: {
    method: 'GET',
    path: '/api/v1/patient-exports/{export_id}',
    summary: 'The copy that was asked for, once, for whoever asked for it',
    access: 'patients:export',
    audit,
    params: z.strictObject({ export_id: Id }),
    returns: [200, Zip],
    problems: [patientErased, patientMerged, exportRunning, exportSpent],
    sends: 'zip',
    limit_per_minute: 10,
  },
} as const satisfies Api
