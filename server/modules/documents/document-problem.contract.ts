// What stands against adding a document, or against giving it away.
import { defineProblem } from '#platform/contract/problem.ts'

export const contentRefused = defineProblem('content_refused', 415, 'Files of this kind are not taken: see reason')
export const emptyFile = defineProblem('empty_file', 422, 'The file is empty')
export const infectedFile = defineProblem(
  'infected_file',
  422,
  'The virus scanner found a threat in this file: it was not kept',
)
export const unscannableFile = defineProblem(
  'unscannable_file',
  422,
  'The virus scanner could not look at all of this file, since it is encrypted or beyond a limit: it was not kept',
)
export const wrongPatient = defineProblem(
  'wrong_patient',
  422,
  'The DICOM file is of somebody else, or of another study: mismatches names what differs',
)
export const documentUnchanged = defineProblem(
  'document_unchanged',
  409,
  'This is the same content as the version that it would replace',
)
export const documentReplaced = defineProblem(
  'document_replaced',
  409,
  'This version has been replaced already: replace the current one',
)
export const documentNotScanned = defineProblem(
  'document_not_scanned',
  423,
  'This document waits for the virus scanner: it can be fetched when its status is clean',
)
export const documentInfected = defineProblem(
  'document_infected',
  409,
  'The virus scanner found a threat in this document: it is kept closed',
)
export const contentUnavailable = defineProblem(
  'content_unavailable',
  409,
  'The content of this document is not in the document store: your administrator has been told',
)
export const documentNamed = defineProblem(
  'document_named',
  409,
  'A signed assessment names this document: it stays, unless an administrator takes it out',
)
export const documentQuota = defineProblem(
  'document_quota',
  507,
  'The documents of this patient have reached their limit',
)
export const uploadQuota = defineProblem('upload_quota', 429, 'You have uploaded as much as one may in a day')
export const storageFull = defineProblem(
  'storage_full',
  507,
  'There is no room left for documents: your administrator has been told',
)
export const storageUnavailable = defineProblem(
  'storage_unavailable',
  503,
  'The document store does not answer: repeat in a moment',
)
export const scannerMissing = defineProblem(
  'scanner_missing',
  503,
  'This server has no virus scanner and takes no documents without one',
)
