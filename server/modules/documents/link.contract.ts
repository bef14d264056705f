// A link to the content of one document: once, for a few minutes, and only for whoever asked for it.
import { z } from 'zod'
import { patientErased, patientMerged } from '../patients/patient.contract.ts'
import { documentInfected, documentNotScanned } from './document-problem.contract.ts'
import { audited, Content, contentProblems, OfDocument } from './document.contract.ts'
import { Id, Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const linkMinutes = 5

export const DocumentLink = z.object({
  id: Id,
  document_id: Id,
  url: z.string().describe('Fetched once, by whoever asked for it, signed in as ever: the address alone opens nothing'),
  expires_at: Instant,
})
export type DocumentLink = z.output<typeof DocumentLink>

export const linkSpent = defineProblem('link_spent', 410, 'This link was used, or its time is over: ask for a new one')

export const linkApi = {
  make: {
    method: 'POST',
    path: '/api/v1/documents/{document_id}/links',
    summary: `Ask for a link to the file, to be used once within ${linkMinutes} minutes`,
    access: 'documents:read',
    audit: audited('link'),
    params: OfDocument,
    returns: [201, DocumentLink],
    problems: [notFound, documentNotScanned, documentInfected, patientErased, patientMerged],
    limit_per_minute: 60,
  },
  fetch: {
    method: 'GET',
    path: '/api/v1/document-links/{link_id}',
    summary: 'The file that a link leads to, once',
    access: 'documents:read',
    audit: audited('download'),
    params: z.strictObject({ link_id: Id }),
    returns: [200, Content],
    sends: 'file',
    problems: [...contentProblems, linkSpent],
  },
} as const satisfies Api
