// The photo of a patient: one of their documents. What becomes of that one afterwards is seen when the patient is read.
import { findPhotoDocument } from './patient-photo.store.ts'
import { type Context, reachOf } from '#platform/context.ts'
import type { InvalidMember } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'

/** Why this document cannot be the photo; nothing where it can. */
export async function refusePhoto(
  ctx: Context,
  tx: Tx,
  patient_id: string,
  document_id: string,
): Promise<InvalidMember[]> {
  const { actor, system } = ctx
  const asker = { reach: reachOf(actor, 'documents:read') ?? 'none', user_id: actor.user_id }
  const found = await tx.first(findPhotoDocument(patient_id, document_id, asker))
  const refuse = (code: string, message: string) => [{ path: '/body/photo_document_id', code, message }]
  if (!found)
    return refuse('unknown_document', 'Name a document of this patient that you may read, or that you have added')
  const { media_type, status, unscanned } = found
  if (!media_type.startsWith('image/'))
    return refuse('not_an_image', 'Name a document that is a JPEG, PNG or TIFF image')
  if (status === 'infected')
    return refuse('document_infected', 'The virus scanner found a threat in it: name another one')
  // A database that comes from development may hold what was never scanned.
  if (status !== 'clean' || (unscanned && system.configuration.production))
    return refuse('document_not_scanned', 'Wait until its status is clean, or leave it out')
  return []
}
