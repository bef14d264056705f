import { fetchByLink, makeLink, readDocumentContent } from './content.service.ts'
import { documentApi } from './document.contract.ts'
import {
  addDocument,
  addToVisit,
  getDocument,
  listDocuments,
  listOfPatient,
  listOfVisit,
  removeDocument,
} from './document.service.ts'
import { linkApi } from './link.contract.ts'
import type { Receiving } from './receiving.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function documentRoutes(receiving: Receiving): Route[] {
  return [
    ...implement(
      'documents',
      documentApi,
      {
        upload: (ctx, { body }) => addDocument(ctx, body),
        uploadToVisit: (ctx, { params, body }) => addToVisit(ctx, params.visit_id, body),
        ofVisit: (ctx, { params, query }) => listOfVisit(ctx, params.visit_id, query),
        list: (ctx, { query }) => listDocuments(ctx, query),
        ofPatient: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
        get: (ctx, { params }) => getDocument(ctx, params.document_id),
        content: (ctx, { params }) => readDocumentContent(ctx, params.document_id),
        remove: (ctx, { params }) => removeDocument(ctx, params.document_id),
      },
      (ctx, file) => receiving.receive(ctx, file),
    ),
    ...implement('document_links', linkApi, {
      make: (ctx, { params }) => makeLink(ctx, params.document_id),
      fetch: (ctx, { params }) => fetchByLink(ctx, params.link_id),
    }),
  ]
}
