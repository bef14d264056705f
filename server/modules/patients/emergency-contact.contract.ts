// Whom to call for a patient.
import { z } from 'zod'
import { Address, Email, Patient, patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const NewEmergencyContact = z.strictObject({
  name: z.string().max(2000),
  relationship: Text(60),
  phone: z.string().max(100),
  email: Email.nullish(),
  address: Address.nullish(),
  is_primary: z.boolean().optional().describe('True makes this the one to call first, instead of whoever was'),
})
export type NewEmergencyContact = z.output<typeof NewEmergencyContact>

export const EmergencyContact = z.object({
  id: Id,
  patient_id: Id,
  name: z.string(),
  relationship: z.string(),
  phone: z.string().describe('E.164'),
  email: z.string().nullable(),
  address: Patient.shape.address,
  is_primary: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type EmergencyContact = z.output<typeof EmergencyContact>

const OfPatient = z.strictObject({ patient_id: Id })
const One = z.strictObject({ patient_id: Id, contact_id: Id })
const example = { name: 'Luis Ruiz', relationship: 'brother', phone: '(415) 555-2672', is_primary: true }
const audit = (verb: string) => ({ action: `emergency_contact.${verb}`, resource_type: 'emergency_contact' })
const problems = [patientErased, patientInactive, patientMerged]

export const emergencyContactApi = {
  list_contacts: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/emergency-contacts',
    summary: 'Whom to call for a patient, the first one first',
    access: 'patients:read',
    audit: audit('list'),
    params: OfPatient,
    query: z.strictObject(Page),
    returns: [200, ListOf(EmergencyContact)],
    problems: [patientErased, patientMerged],
  },
  add_contact: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/emergency-contacts',
    summary: 'Add somebody to call; patients may for themselves',
    access: 'patients:update',
    audit: audit('create'),
    params: OfPatient,
    body: NewEmergencyContact,
    returns: [201, EmergencyContact],
    problems,
    versioned: true,
    example,
  },
  replace_contact: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}/emergency-contacts/{contact_id}',
    summary: 'Replace what is known of somebody to call',
    access: 'patients:update',
    audit: audit('update'),
    params: One,
    body: NewEmergencyContact,
    returns: [200, EmergencyContact],
    problems,
    versioned: true,
    example,
  },
  remove_contact: {
    method: 'DELETE',
    path: '/api/v1/patients/{patient_id}/emergency-contacts/{contact_id}',
    summary: 'Remove somebody to call',
    access: 'patients:update',
    audit: audit('delete'),
    params: One,
    returns: [204, null],
    problems,
    versioned: true,
  },
} as const satisfies Api
