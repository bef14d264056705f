// To whom a patient's record was disclosed: the accounting that 45 CFR 164.528 asks for.
import { z } from 'zod'
import { patientErased, patientMerged } from './patient.contract.ts'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const Recipient = z.strictObject({ name: Text(200), address: Text(500).nullish() })

export const NewDisclosure = z.strictObject({
  disclosed_at: Instant.describe('Not in the future'),
  recipient: Recipient,
  description: Text(1000).describe('What was disclosed'),
  purpose: Text(1000),
})
export type NewDisclosure = z.output<typeof NewDisclosure>

export const Disclosure = z.object({
  id: Id,
  patient_id: Id,
  disclosed_at: Instant,
  kind: z.enum(['export', 'other']).describe('export: a copy of the record that OpenWard made'),
  recipient: z.object({ name: z.string(), address: z.string().nullable() }),
  description: z.string(),
  purpose: z.string(),
  recorded_by: Id,
  recorded_at: Instant,
  suspended_until: Instant.nullable().describe('Until then the patient is not shown this'),
})
export type Disclosure = z.output<typeof Disclosure>

const OfPatient = z.strictObject({ patient_id: Id })
const audit = (verb: string) => ({ action: `disclosure.${verb}`, resource_type: 'disclosure' })
const recipient = { name: 'Harbour Insurance', address: '12 Quay Street, Boston' }
const problems = [patientErased, patientMerged]

export const disclosureApi = {
  list_disclosures: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/disclosures',
    summary: 'To whom the record was disclosed, when and why, newest first; patients see their own',
    access: 'patients:export',
    audit: audit('list'),
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(Disclosure)],
    problems,
  },
  record_disclosure: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/disclosures',
    summary: 'Record that something of the record was given to somebody, on paper or by word',
    description: 'Copies that OpenWard makes for somebody else are recorded by themselves.',
    access: 'patients:export',
    audit: audit('record'),
    params: OfPatient,
    body: NewDisclosure,
    returns: [201, Disclosure],
    problems,
    example: {
      disclosed_at: '2026-03-02T09:00:00Z',
      recipient,
      description: 'Discharge letter of 27 February',
      purpose: 'Claim of the insurer',
    },
  },
  suspend_disclosure: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/disclosures/{disclosure_id}/suspension',
    summary: 'Keep a disclosure from the patient until an instant, as an authority has asked; null ends it',
    access: 'patients:export',
    audit: audit('suspend'),
    params: z.strictObject({ patient_id: Id, disclosure_id: Id }),
    body: z.strictObject({ suspended_until: Instant.nullable(), reason: Text(500) }),
    returns: [200, Disclosure],
    problems,
    example: { suspended_until: '2027-03-02T09:00:00Z', reason: 'Written request of the district attorney' },
  },
} as const satisfies Api
