// Finding patients: identity cards of everyone for those who may find, and the list of those whose records the caller may open.
import { z } from 'zod'
import { IdentityCard } from './patient.contract.ts'
import { Id, ListOf, LocalDate, Page, QueryBoolean, QueryInteger, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const ListedPatient = z.object({ ...IdentityCard.shape, is_complete: z.boolean(), registered_date: LocalDate })
export type ListedPatient = z.output<typeof ListedPatient>

/** As many as a day of a calendar shows at once. */
export const mostCards = 100

const indexComplete = z
  .boolean()
  .describe(
    'False while the server is still reading the names after its start: a search by name or birth date may then miss people',
  )

export const ListQuery = z.strictObject({
  ...Page,
  search: Text(200)
    .optional()
    .describe(
      'As `q` of the search, among the records that you may open. The best come first; by a name or a birth date the 100 best are all, by anything else the newest 200',
    ),
  is_active: QueryBoolean.optional().describe('true unless said: false shows those who were deleted'),
})
export const PatientList = z.object({ ...ListOf(ListedPatient).shape, index_complete: indexComplete })

const criteria = {
  q: Text(200)
    .optional()
    .describe(
      'One box: a patient number, phone, SSN, national id, e-mail, birth date, name, or a name and a birth date',
    ),
  name: Text(200).optional().describe('Part of a name, words in any order, with slips or without diacritics'),
  phone: Text(100).optional(),
  mobile: Text(100).optional().describe('As phone'),
  ssn: Text(100).optional(),
  national_id: Text(100).optional(),
  medical_number: Text(40).optional().describe('The patient number'),
  email: Text(254).optional(),
  date_of_birth: LocalDate.optional(),
}
export const SearchQuery = z.strictObject({ ...criteria, limit: QueryInteger(1, 100).default(20) })
export const SearchBody = z.strictObject({ ...criteria, limit: z.int().min(1).max(100).default(20) })
export type Criteria = z.output<typeof SearchBody>

export const FoundPatients = z.object({
  items: z.array(IdentityCard),
  total: z.int().describe('How many were found, of whom the best are shown; a search by name ends with the 100 best'),
  index_complete: indexComplete,
})
export type FoundPatients = z.output<typeof FoundPatients>

export const CardsRequest = z.strictObject({ patient_ids: z.array(Id).min(1).max(mostCards) })
export const Cards = z.object({ items: z.array(IdentityCard) })

const description =
  'Finding is not opening: the answer shows identity cards, and `may_open` says whether you may read the record. Of several criteria all must fit.'

export const patientSearchApi = {
  list: {
    method: 'GET',
    path: '/api/v1/patients',
    summary: 'The patients whose records you may open, newest first',
    access: 'patients:read',
    audit: { action: 'patient.list', resource_type: 'patient' },
    query: ListQuery,
    returns: [200, PatientList],
    problems: [],
  },
  find: {
    method: 'GET',
    path: '/api/v1/patients/search',
    summary: 'Find a patient',
    description: `${description} What identifies a person is better sent by POST, since addresses are kept in many places.`,
    access: 'patients:find',
    audit: { action: 'patient.search', resource_type: 'patient' },
    query: SearchQuery,
    returns: [200, FoundPatients],
    problems: [],
  },
  search: {
    method: 'POST',
    path: '/api/v1/patients/search',
    summary: 'Find a patient, with nothing about them in the address',
    description,
    access: 'patients:find',
    audit: { action: 'patient.search', resource_type: 'patient', reads: true },
    body: SearchBody,
    returns: [200, FoundPatients],
    problems: [],
    example: { q: 'fonsca agustin' },
  },
  cards: {
    method: 'POST',
    path: '/api/v1/patients/cards',
    summary: 'The identity cards of patients whose ids are known',
    description:
      'For calendars and lists, which name patients by id. In the order asked for; ids that are nobody’s are left out, and a record ' +
      'that was merged is answered by that of which it is part.',
    access: 'patients:find',
    audit: { action: 'patient.search', resource_type: 'patient', reads: true },
    body: CardsRequest,
    returns: [200, Cards],
    problems: [],
    example: { patient_ids: ['0198c0de-0000-7000-8000-000000000001'] },
  },
} as const satisfies Api
