// The patient record: registration, reading, changing, deleting. What finding somebody shows is in patient-search.contract.ts.
import { z } from 'zod'
import { Id, Instant, LocalDate, QueryBoolean, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const Gender = z.enum(['MALE', 'FEMALE', 'OTHER', 'UNKNOWN'])
export const BloodType = z.enum(['A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-'])

const Country = z.string().regex(/^[A-Z]{2}$/, 'Must be an ISO 3166 code of two capital letters')

export const Address = z.strictObject({
  line1: Text(200),
  line2: Text(200).nullish(),
  city: Text(100),
  state: Text(100).nullish(),
  postal_code: Text(20).nullish(),
  country: Country,
})
export type Address = z.output<typeof Address>

/** JSON Merge Patch: part of an address changes that part of the one that is kept. */
export const AddressChange = z.strictObject({
  ...Address.shape,
  line1: Address.shape.line1.nullish(),
  city: Address.shape.city.nullish(),
  country: Country.nullish(),
})
export type AddressChange = z.output<typeof AddressChange>

/** E-mail addresses longer than this cannot be delivered to (RFC 5321, 4.5.3.1.3). */
export const Email = z.email('Must be an e-mail address such as ana@example.org').max(254)

const maskable = 'Masked as `***-**-6789` unless you hold patients:identifiers'

/** The whole record. Members that are not known are null. */
export const Patient = z.object({
  id: Id,
  patient_number: z.string().meta({ examples: ['PT-20261201-0001'] }),
  first_name: z.string().nullable(),
  middle_name: z.string().nullable(),
  last_name: z.string().nullable(),
  date_of_birth: LocalDate.nullable(),
  gender: Gender,
  blood_type: BloodType.nullable(),
  phone_primary: z.string().nullable().describe('E.164'),
  phone_secondary: z.string().nullable().describe('E.164'),
  email: z.string().nullable(),
  address: z
    .object({
      line1: z.string(),
      line2: z.string().nullable(),
      city: z.string(),
      state: z.string().nullable(),
      postal_code: z.string().nullable(),
      country: z.string(),
    })
    .nullable(),
  ssn: z.string().nullable().describe(maskable),
  national_id: z.string().nullable().describe(maskable),
  marital_status: z.string().nullable(),
  occupation: z.string().nullable(),
  preferred_language: z.string().nullable(),
  photo_document_id: Id.nullable().describe('A document of theirs; null also where that one was deleted'),
  is_complete: z.boolean().describe('False while a name, the birth date, the gender or the first phone is not known'),
  is_active: z.boolean(),
  merged_into: Id.nullable().describe(
    'The record that this one has become part of, as a whole; then the members are as they were and nothing is changed here any more',
  ),
  registered_date: LocalDate,
  created_at: Instant,
  updated_at: Instant,
  created_by: Id.nullable(),
  version: z.int(),
})
export type Patient = z.output<typeof Patient>

/** The record by which somebody was found, where that is one that was merged into theirs. */
export const FormerRecord = z.object({
  patient_number: z.string(),
  first_name: z.string().nullable(),
  middle_name: z.string().nullable(),
  last_name: z.string().nullable(),
  date_of_birth: LocalDate.nullable(),
})
export type FormerRecord = z.output<typeof FormerRecord>

/** What finding somebody shows. Identifiers are always masked. */
export const IdentityCard = z.object({
  id: Id,
  patient_number: z.string(),
  first_name: z.string().nullable(),
  middle_name: z.string().nullable(),
  last_name: z.string().nullable(),
  date_of_birth: LocalDate.nullable(),
  gender: Gender,
  ssn: z.string().nullable().describe('Masked, `***-**-6789`'),
  national_id: z.string().nullable().describe('Masked'),
  is_active: z.boolean(),
  may_open: z.boolean().describe('Whether you may read the record'),
  found_as: FormerRecord.nullable().describe(
    'What fitted, where it is not of this record but of one that was merged into it',
  ),
  is_readable: z
    .boolean()
    .describe('False when the stored card did not pass its integrity check: it is shown without names'),
})
export type IdentityCard = z.output<typeof IdentityCard>

const Name = z.string().max(2000)
const Phone = z.string().max(100)
const Identifier = z.string().max(100)

/** What people write; names, phones, identifiers and the birth date are read by their own rules afterwards. */
const members = {
  first_name: Name.nullish(),
  middle_name: Name.nullish(),
  last_name: Name.nullish(),
  date_of_birth: z
    .string()
    .max(40)
    .nullish()
    .meta({ examples: ['1984-02-29'] }),
  gender: Gender.optional(),
  blood_type: BloodType.nullish(),
  phone_primary: Phone.nullish(),
  phone_secondary: Phone.nullish(),
  email: Email.nullish(),
  address: Address.nullish(),
  ssn: Identifier.nullish(),
  national_id: Identifier.nullish(),
  marital_status: Text(40).nullish(),
  occupation: Text(100).nullish(),
  preferred_language: Text(35).nullish(),
}

export const PatientMembers = z.strictObject(members)
export type PatientMembers = z.output<typeof PatientMembers>

const photo_document_id = Id.nullish().describe(
  'An image among the documents of the patient, which the scanner has cleared; null removes',
)
export const WholePatient = z.strictObject({ ...members, photo_document_id })
export type WholePatient = z.output<typeof WholePatient>

export const PatientChange = z.strictObject({
  ...members,
  photo_document_id,
  address: AddressChange.nullish().describe(
    'Members left out stay as they are, null removes them; what is left must have a line1, a city and a country. null removes the address',
  ),
})
export type PatientChange = z.output<typeof PatientChange>

export const NewPatient = z.strictObject({
  ...members,
  unidentified: z
    .boolean()
    .optional()
    .describe('True for somebody whose name or birth date nobody knows yet: then nothing is required'),
  force: z.boolean().optional().describe('True to register although the answer was `likely_duplicates`'),
})
export type NewPatient = z.output<typeof NewPatient>

export const duplicateIdentifier = defineProblem(
  'duplicate_identifier',
  409,
  'Another patient is registered with this SSN or national id',
)
export const likelyDuplicates = defineProblem(
  'likely_duplicates',
  409,
  'This person may be registered already: open one of those shown, or repeat with "force": true',
)
export const contactDetailsOnly = defineProblem(
  'contact_details_only',
  403,
  'You may change your own phones, e-mail and address; ask the reception for the rest',
)
export const patientErased = defineProblem('patient_erased', 410, 'This record has been erased')
export const patientInactive = defineProblem(
  'patient_inactive',
  409,
  'This record is deleted: restore it before you change it',
)
export const patientMerged = defineProblem(
  'patient_merged',
  409,
  'This record was merged into another: use that one, `merged_into`',
)

export const patientExpected = defineProblem(
  'patient_expected',
  409,
  'This patient has appointments that have not taken place: `appointments` lists them',
)

const PatientParams = z.strictObject({ patient_id: Id })

const example = {
  first_name: 'Ana',
  last_name: 'Ruiz',
  date_of_birth: '1984-02-29',
  gender: 'FEMALE',
  phone_primary: '(415) 555-2671',
  email: 'ana@example.org',
  address: { line1: '1 Main Street', city: 'Springfield', state: 'IL', postal_code: '62701', country: 'US' },
}

export const patientApi = {
  register: {
    method: 'POST',
    path: '/api/v1/patients',
    summary: 'Register a patient',
    description:
      'Requires first_name, last_name, date_of_birth, gender and phone_primary unless `unidentified` is true. ' +
      'A person who is likely registered already is refused with 409 `likely_duplicates` and the identity cards of those; ' +
      'repeat with `force` to register anyway, for which patients:create suffices. ' +
      'The answer shows the identifiers as typed; later reads mask them from whoever does not hold patients:identifiers.',
    access: 'patients:create',
    audit: { action: 'patient.register', resource_type: 'patient' },
    body: NewPatient,
    returns: [201, Patient],
    problems: [duplicateIdentifier, likelyDuplicates],
    versioned: true,
    example,
  },
  read: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}',
    summary: 'Read a patient',
    description:
      'A record that was merged into another is answered as it was then, with the id of the other as `merged_into`, to whoever may ' +
      'read that one. What hangs on it has gone there: asking for it here is 409 `patient_merged`, with the same member.',
    access: 'patients:read',
    audit: { action: 'patient.read', resource_type: 'patient' },
    params: PatientParams,
    returns: [200, Patient],
    problems: [patientErased],
    versioned: true,
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/patients/{patient_id}',
    summary: 'Replace what is known of a patient',
    description:
      'Members left out become unknown, but for the identifiers: who does not hold patients:identifiers keeps them by leaving ' +
      'them out or sending them masked, and removes them with null.',
    access: 'patients:update',
    audit: { action: 'patient.update', resource_type: 'patient' },
    params: PatientParams,
    body: WholePatient,
    returns: [200, Patient],
    problems: [duplicateIdentifier, contactDetailsOnly, patientErased, patientInactive, patientMerged],
    versioned: true,
    example,
  },
  change: {
    method: 'PATCH',
    path: '/api/v1/patients/{patient_id}',
    summary: 'Change some of what is known of a patient',
    access: 'patients:update',
    audit: { action: 'patient.update', resource_type: 'patient' },
    params: PatientParams,
    body: PatientChange,
    accepts: 'merge_patch',
    returns: [200, Patient],
    problems: [duplicateIdentifier, contactDetailsOnly, patientErased, patientInactive, patientMerged],
    versioned: true,
    example: { phone_primary: '(415) 555-2672' },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/patients/{patient_id}',
    summary: 'Delete a patient; the record is kept and can be restored',
    description:
      'Refused while the patient is expected somewhere, with the appointments that stand, unless `cancel_appointments` says to cancel ' +
      'them, for which appointments:cancel is needed too.',
    access: 'patients:delete',
    audit: { action: 'patient.delete', resource_type: 'patient' },
    params: PatientParams,
    query: z.strictObject({ cancel_appointments: QueryBoolean.default(false) }),
    returns: [204, null],
    problems: [patientErased, patientExpected],
    versioned: true,
  },
  restore: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/restore',
    summary: 'Restore a deleted patient',
    access: 'patients:delete',
    audit: { action: 'patient.restore', resource_type: 'patient' },
    params: PatientParams,
    returns: [200, Patient],
    problems: [patientErased, patientMerged],
    versioned: true,
  },
} as const satisfies Api
