// Documents: reports, images and letters of a patient. What is kept of each, and how its bytes come in and go out.
import { z } from 'zod'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'
import {
  contentRefused,
  contentUnavailable,
  documentInfected,
  documentNamed,
  documentNotScanned,
  documentQuota,
  documentReplaced,
  documentUnchanged,
  emptyFile,
  infectedFile,
  scannerMissing,
  storageFull,
  storageUnavailable,
  unscannableFile,
  uploadQuota,
  wrongPatient,
} from './document-problem.contract.ts'
import { Id, Instant, ListOf, Page, QueryBoolean, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { forbidden, integrityError, notFound, unsupportedMediaType } from '#platform/contract/problem.ts'

export const DocumentKind = z.enum([
  'report',
  'image',
  'lab_result',
  'referral',
  'discharge_letter',
  'consent',
  'identity',
  'insurance',
  'prescription',
  'other',
])
export type DocumentKind = z.output<typeof DocumentKind>

export const MediaType = z.enum([
  'application/pdf',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'application/dicom',
  'text/plain',
])
export type MediaType = z.output<typeof MediaType>

export const DocumentStatus = z.enum(['scanning', 'clean', 'infected', 'scan_failed'])
export type DocumentStatus = z.output<typeof DocumentStatus>

/** What a DICOM file says of the study that it belongs to. */
export const DicomStudy = z.object({
  study_instance_uid: z.string().nullable(),
  study_date: z.string().nullable(),
  modality: z.string().nullable(),
})
export type DicomStudy = z.output<typeof DicomStudy>

export const Document = z.object({
  id: Id,
  patient_id: Id,
  visit_id: Id.nullable(),
  kind: DocumentKind,
  title: z.string(),
  file_name: z.string().describe('To be shown; nothing is stored under it'),
  media_type: MediaType.describe('As its content says'),
  size_bytes: z.int(),
  sha256: z.string(),
  status: DocumentStatus.describe(
    'Only what is `clean` can be fetched; what is `scanning` or `scan_failed` is scanned again by itself',
  ),
  unscanned: z.boolean().describe('Let through without a scan, which happens in development only'),
  threat: z.string().nullable().describe('What the scanner found'),
  scanned_at: Instant.nullable(),
  series_id: Id.describe('The first version of this document'),
  revision: z.int(),
  is_current: z.boolean().describe('Nothing has replaced it'),
  study: DicomStudy.nullable().describe('Of a DICOM file'),
  uploaded_by: Id.nullable(),
  uploaded_at: Instant,
  version: z.int(),
})
export type Document = z.output<typeof Document>

/** A file as it was received: stored and scanned already, and kept only when the request succeeds. */
export type ReceivedFile = {
  readonly content_hash: string
  readonly storage_key: string
  readonly content_key: string
  readonly file_name: string
  readonly media_type: MediaType
  readonly size_bytes: number
  readonly dicom: DicomHeader | undefined
  readonly verdict: Judged
  release(): Promise<void>
}
export type DicomHeader = DicomStudy & {
  patient_name: string | null
  patient_birth_date: string | null
  patient_id: string | null
}
/** `unscanned`: there is no scanner, and none is needed in development. */
export type Judged =
  | { status: 'clean'; scanned_with: string }
  | { status: 'infected'; threat: string }
  | { status: 'unscannable' }
  | { status: 'waiting' }
  | { status: 'unscanned' }

const File = z
  .custom<ReceivedFile>((value) => typeof value === 'object' && value !== null && 'content_hash' in value, {
    error: 'Attach the file as `file`',
  })
  .meta({ type: 'string', format: 'binary' })

const described = {
  kind: DocumentKind.default('other'),
  title: Text(200).describe('What it is, for whoever looks through a list'),
  file: File,
  replaces: Id.optional().describe(
    'The current version of a document of this patient, of which this is the next version',
  ),
  study_instance_uid: z
    .string()
    .regex(/^[0-9.]{1,64}$/, 'Must be a UID: digits and dots')
    .optional()
    .describe('The study that a DICOM file must belong to'),
}
export const NewDocument = z.strictObject({ patient_id: Id, visit_id: Id.optional(), ...described })
export type NewDocument = z.output<typeof NewDocument>
export const NewVisitDocument = z.strictObject(described)
export type NewVisitDocument = z.output<typeof NewVisitDocument>

export const DocumentQuery = z.strictObject({
  ...Page,
  patient_id: Id.optional(),
  visit_id: Id.optional(),
  kind: DocumentKind.optional(),
  status: DocumentStatus.optional(),
  all_versions: QueryBoolean.optional().describe('true: also those that were replaced'),
})
export type DocumentQuery = z.output<typeof DocumentQuery>

export const audited = (action: string) => ({ action: `document.${action}`, resource_type: 'document' }) as const
export const OfDocument = z.strictObject({ document_id: Id })
export const Content = z.unknown().meta({ type: 'string', format: 'binary' })
export const contentProblems = [
  notFound,
  documentNotScanned,
  documentInfected,
  contentUnavailable,
  storageUnavailable,
  integrityError,
  patientErased,
  patientMerged,
] as const

const uploadProblems = [
  notFound,
  forbidden,
  patientErased,
  patientInactive,
  patientMerged,
  unsupportedMediaType,
  contentRefused,
  emptyFile,
  infectedFile,
  unscannableFile,
  wrongPatient,
  documentUnchanged,
  documentReplaced,
  documentQuota,
  uploadQuota,
  storageFull,
  storageUnavailable,
  scannerMissing,
] as const
const OfVisit = z.strictObject({ visit_id: Id })

export const documentApi = {
  upload: {
    method: 'POST',
    path: '/api/v1/documents',
    summary: 'Add a document to a record',
    description:
      'PDF, JPEG, PNG, TIFF, DICOM and plain text, told by their content; a name or a type that says otherwise is refused, and so are ' +
      'PDFs with embedded files, scripts or encryption. Answers 201 when the document is clean, and 202 while the scanner has not ' +
      'looked at it: then it is kept, and cannot be fetched before it has. The patient of a DICOM file must be that of the record.',
    access: 'documents:write',
    audit: audited('upload'),
    body: NewDocument,
    accepts: 'upload',
    returns: [201, Document],
    waits: ({ status }: Document) => status !== 'clean',
    problems: uploadProblems,
    limit_per_minute: 120,
  },
  uploadToVisit: {
    method: 'POST',
    path: '/api/v1/visits/{visit_id}/documents',
    summary: 'Add a document to a visit, and so to the record of its patient',
    description: 'As POST /api/v1/documents, of the patient of the visit.',
    access: 'documents:write',
    audit: audited('upload'),
    params: OfVisit,
    body: NewVisitDocument,
    accepts: 'upload',
    returns: [201, Document],
    waits: ({ status }: Document) => status !== 'clean',
    problems: uploadProblems,
    limit_per_minute: 120,
  },
  ofVisit: {
    method: 'GET',
    path: '/api/v1/visits/{visit_id}/documents',
    summary: 'Documents of one visit, newest first',
    access: 'documents:read',
    audit: audited('list'),
    params: OfVisit,
    query: DocumentQuery.omit({ patient_id: true, visit_id: true }),
    returns: [200, ListOf(Document)],
    problems: [notFound, patientErased, patientMerged],
  },
  list: {
    method: 'GET',
    path: '/api/v1/documents',
    summary: 'Documents of the records that you may read, newest first',
    access: 'documents:read',
    audit: audited('list'),
    query: DocumentQuery,
    returns: [200, ListOf(Document)],
    problems: [notFound, patientErased, patientMerged],
  },
  ofPatient: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/documents',
    summary: 'Documents of one record, newest first',
    access: 'documents:read',
    audit: audited('list'),
    params: z.strictObject({ patient_id: Id }),
    query: DocumentQuery.omit({ patient_id: true }),
    returns: [200, ListOf(Document)],
    problems: [notFound, patientErased, patientMerged],
  },
  get: {
    method: 'GET',
    path: '/api/v1/documents/{document_id}',
    summary: 'What is kept of one document',
    access: 'documents:read',
    audit: audited('read'),
    params: OfDocument,
    returns: [200, Document],
    versioned: true,
    problems: [notFound, patientErased, patientMerged],
  },
  content: {
    method: 'GET',
    path: '/api/v1/documents/{document_id}/content',
    summary: 'The file itself, as an attachment',
    description: 'It is verified to its end before the first byte leaves.',
    access: 'documents:read',
    audit: audited('download'),
    params: OfDocument,
    returns: [200, Content],
    sends: 'file',
    problems: contentProblems,
  },
  remove: {
    method: 'DELETE',
    path: '/api/v1/documents/{document_id}',
    summary: 'Take a document out of the record',
    description:
      'For whoever uploaded it, unless a signed assessment names it, and for administrators. It is shown no more, and kept as long as the record must be.',
    access: 'documents:write',
    audit: audited('delete'),
    params: OfDocument,
    returns: [204, null],
    problems: [notFound, forbidden, documentNamed, patientErased, patientInactive, patientMerged],
    versioned: true,
  },
} as const satisfies Api
