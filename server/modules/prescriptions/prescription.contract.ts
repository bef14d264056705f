// Prescriptions: what a doctor orders, checked before it is signed, and verifiable by whoever is given it.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, ReckonedDate, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden, notFound, stale } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'
import { Check, CheckRequest, SignRequest } from './check.contract.ts'

export const PrescriptionStatus = z.enum(['draft', 'signed', 'dispensed', 'cancelled', 'expired'])
export type PrescriptionStatus = z.output<typeof PrescriptionStatus>

export const MedicineRequest = z.strictObject({
  name: Text(200).describe('The medicine, best by its international name'),
  code: z
    .string()
    .regex(/^[A-Z]\d\d[A-Z]{2}\d\d$/, 'Must be an ATC code such as J01CA04')
    .nullish()
    .meta({ examples: ['J01CA04'] }),
  dosage: Text(200).describe('Of one dose, such as 500 mg'),
  form: Text(100).nullish(),
  route: Text(60).describe('Such as oral'),
  frequency: Text(100).describe('Such as every 8 hours'),
  duration_days: z.int().min(1).max(365),
  quantity: z.number().positive().max(100_000),
  refills: z.int().min(0).max(20).default(0),
  instructions: Text(1000).nullish(),
})
export const Medicine = z.object({
  name: z.string(),
  code: z.string().nullable(),
  dosage: z.string(),
  form: z.string().nullable(),
  route: z.string(),
  frequency: z.string(),
  duration_days: z.int(),
  quantity: z.number(),
  refills: z.int(),
  instructions: z.string().nullable(),
})
export type Medicine = z.output<typeof Medicine>

const written = { notes: Text(5000).nullish(), medicines: z.array(MedicineRequest).min(1).max(20) }
export const PrescriptionRequest = z.strictObject({
  patient_id: Id.optional().describe('May be left out where the appointment or the visit says it'),
  appointment_id: Id.nullish().describe('An appointment has one prescription that is not cancelled'),
  visit_id: Id.nullish(),
  ...written,
})
export type PrescriptionRequest = z.output<typeof PrescriptionRequest>
export const PrescriptionChange = z.strictObject(written)
export type PrescriptionChange = z.output<typeof PrescriptionChange>

export const Prescription = z.object({
  id: Id,
  prescription_number: z.string().meta({ examples: ['RX-20261201-0001'] }),
  appointment_id: Id.nullable(),
  visit_id: Id.nullable(),
  doctor_id: Id,
  patient_id: Id,
  status: PrescriptionStatus,
  notes: z.string().nullable(),
  medicines: z.array(Medicine),
  check: Check.nullable().describe('As it was when it was signed'),
  signed_at: Instant.nullable(),
  signature: z.string().nullable().describe('Ed25519, base64url, over the canonical content'),
  signing_key_id: z.string().nullable(),
  verification_code: z.string().nullable(),
  expires_at: Instant.nullable(),
  dispensed_at: Instant.nullable(),
  dispensed_by: Id.nullable(),
  cancelled_at: Instant.nullable(),
  cancelled_by: Id.nullable(),
  cancel_reason: z.string().nullable(),
  replaces_id: Id.nullable(),
  replaced_by_id: Id.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Prescription = z.output<typeof Prescription>

export const PrescriptionQuery = z.strictObject({
  ...Page,
  patient_id: Id.optional(),
  doctor_id: Id.optional(),
  status: PrescriptionStatus.optional(),
  from: ReckonedDate.optional().describe('Drafted on this day or later'),
  to: ReckonedDate.optional().describe('Included'),
})
export type PrescriptionQuery = z.output<typeof PrescriptionQuery>

export const Verification = z.object({
  validity: z
    .enum(['valid', 'superseded', 'void'])
    .describe('superseded: another one took its place; void: dispensed, cancelled, expired, altered, or never issued'),
})
export type Verification = z.output<typeof Verification>

export const noCareRelationship = defineProblem(
  'no_care_relationship',
  403,
  'Only a doctor who treats the patient prescribes: open a visit, or give an appointment, first',
)
export const prescriptionNotDraft = defineProblem(
  'prescription_not_draft',
  409,
  'Only a draft is changed or signed: cancel this prescription and replace it',
)
export const prescriptionNotSigned = defineProblem(
  'prescription_not_signed',
  409,
  'Only a signed prescription that is in force can be dispensed or printed',
)
export const prescriptionEnded = defineProblem(
  'prescription_ended',
  409,
  'This prescription was dispensed, cancelled or has expired: it stays as it is',
)
export const prescriptionBlocked = defineProblem(
  'prescription_blocked',
  409,
  'Severe findings stand against this prescription: change it, or override each of findings with a reason',
)
export const appointmentPrescribed = defineProblem(
  'appointment_prescribed',
  409,
  'This appointment has a prescription already: change or cancel that one',
)
export const prescriptionFor = defineProblem(
  'prescription_for_whom',
  422,
  'Say for whom the prescription is: give patient_id, appointment_id or visit_id, and all of the same patient',
)

const audited = (verb: string) => ({ action: `prescription.${verb}`, resource_type: 'prescription' }) as const
const params = z.strictObject({ prescription_id: Id })
const ofRecord = [patientErased, patientInactive, patientMerged, noCareRelationship, forbidden]
const medicine = {
  name: 'Amoxicillin',
  code: 'J01CA04',
  dosage: '500 mg',
  form: 'capsule',
  route: 'oral',
  frequency: 'every 8 hours',
  duration_days: 7,
  quantity: 21,
  instructions: 'With a glass of water',
}

export const prescriptionApi = {
  create: {
    method: 'POST',
    path: '/api/v1/prescriptions',
    summary: 'Draft a prescription',
    description: 'Only a doctor who treats the patient prescribes, and nobody for themselves.',
    access: 'prescriptions:write',
    audit: audited('create'),
    body: PrescriptionRequest,
    returns: [201, Prescription],
    versioned: true,
    problems: [...ofRecord, notFound, appointmentPrescribed, prescriptionFor],
    example: { patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22', medicines: [medicine] },
  },
  list: {
    method: 'GET',
    path: '/api/v1/prescriptions',
    summary: 'Prescriptions in your reach, newest first',
    access: 'prescriptions:read',
    audit: audited('list'),
    query: PrescriptionQuery,
    returns: [200, ListOf(Prescription)],
    problems: [],
  },
  listOfPatient: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/prescriptions',
    summary: 'The prescriptions of a patient, newest first',
    access: 'prescriptions:read',
    audit: audited('list'),
    params: z.strictObject({ patient_id: Id }),
    query: z.strictObject(Page),
    returns: [200, ListOf(Prescription)],
    problems: [patientErased, patientMerged],
  },
  get: {
    method: 'GET',
    path: '/api/v1/prescriptions/{prescription_id}',
    summary: 'One prescription',
    access: 'prescriptions:read',
    audit: audited('read'),
    params,
    returns: [200, Prescription],
    versioned: true,
    problems: [],
  },
  change: {
    method: 'PUT',
    path: '/api/v1/prescriptions/{prescription_id}',
    summary: 'Write a draft anew',
    description: 'Its doctor alone does. A signed prescription is cancelled and replaced.',
    access: 'prescriptions:write',
    audit: audited('update'),
    params,
    body: PrescriptionChange,
    returns: [200, Prescription],
    versioned: true,
    problems: [...ofRecord, prescriptionNotDraft],
    example: { medicines: [medicine] },
  },
  check: {
    method: 'POST',
    path: '/api/v1/prescriptions/{prescription_id}/check',
    summary: 'Check a draft against the rules',
    description: 'Nothing is stored: what is found when it is signed is.',
    access: 'prescriptions:write',
    audit: { ...audited('check'), reads: true },
    params,
    body: CheckRequest,
    returns: [200, Check],
    problems: [...ofRecord, prescriptionNotDraft, stale],
    example: { weight_kg: 70 },
  },
  sign: {
    method: 'POST',
    path: '/api/v1/prescriptions/{prescription_id}/sign',
    summary: 'Check and sign a draft',
    description:
      'From then on it is never changed. Severe findings block unless each is overridden with a reason. Without a set of rules signing takes prescriptions:sign-unchecked.',
    access: 'prescriptions:write',
    audit: audited('sign'),
    params,
    body: SignRequest,
    returns: [200, Prescription],
    versioned: true,
    problems: [...ofRecord, prescriptionNotDraft, prescriptionBlocked],
    example: { weight_kg: 70 },
  },
  cancel: {
    method: 'POST',
    path: '/api/v1/prescriptions/{prescription_id}/cancel',
    summary: 'Cancel a prescription, and draft the one that replaces it',
    access: 'prescriptions:write',
    audit: audited('cancel'),
    params,
    body: z.strictObject({
      reason: Text(500),
      replace: z.boolean().default(false).describe('Drafts another one of the same content: see replaced_by_id'),
    }),
    returns: [200, Prescription],
    versioned: true,
    problems: [...ofRecord, prescriptionEnded],
    example: { reason: 'Wrong strength' },
  },
  dispense: {
    method: 'POST',
    path: '/api/v1/prescriptions/{prescription_id}/dispense',
    summary: 'Record that the medicines were handed out',
    access: 'prescriptions:dispense',
    audit: audited('dispense'),
    params,
    returns: [200, Prescription],
    versioned: true,
    problems: [patientErased, patientInactive, patientMerged, forbidden, prescriptionNotSigned],
  },
  pdf: {
    method: 'GET',
    path: '/api/v1/prescriptions/{prescription_id}/pdf',
    summary: 'A signed prescription on paper, with the code that verifies it',
    access: 'prescriptions:read',
    audit: audited('print'),
    params,
    query: z.strictObject({ language: z.enum(['en', 'es']).optional() }),
    returns: [200, z.string().meta({ format: 'binary' })],
    sends: 'pdf',
    problems: [patientErased, patientMerged, prescriptionNotSigned],
  },
  verify: {
    method: 'GET',
    path: '/api/v1/prescriptions/verify/{code}',
    summary: 'Whether a prescription is valid',
    description: 'For whoever was given its code. Tells nothing else, and the same of a code that was never given.',
    access: 'public',
    audit: 'none',
    // PostgreSQL keeps no NUL in a text, and takes none to compare with.
    params: z.strictObject({
      code: z
        .string()
        .max(100)
        .regex(/^[^\0]*$/, 'Must not hold NUL'),
    }),
    returns: [200, Verification],
    problems: [],
    limit_per_minute: 30,
  },
} as const satisfies Api
