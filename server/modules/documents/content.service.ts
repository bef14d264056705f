import { Readable } from 'node:stream'
import { contentUnavailable, documentInfected, documentNotScanned } from './document-problem.contract.ts'
import { contentPlace, openLabel, openRowKey } from './document.sealing.ts'
import { requireDocument } from './document.service.ts'
import type { StoredDocument } from './document.store.ts'
import { attachment } from './file-name.ts'
import { type DocumentLink, linkSpent } from './link.contract.ts'
import { findLink, insertLink, spendLink } from './link.store.ts'
import { storeFailure } from './receiving.ts'
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { readContent, verifyContent } from '#platform/storage/content.ts'
import { ContentMissing } from '#platform/storage/failures.ts'

/** @throws Problem as the contract lists; IntegrityError */
export async function readDocumentContent(ctx: Context, id: string): Promise<Readable> {
  return openContent(ctx, await requireDocument(ctx, id))
}

/** @throws Problem documentNotScanned, documentInfected */
function assertServed(ctx: Context, { status, unscanned }: StoredDocument) {
  if (status === 'infected') throw new Problem(documentInfected)
  // A database that comes from development may hold what was never scanned.
  if (status !== 'clean' || (unscanned && ctx.system.configuration.production)) throw new Problem(documentNotScanned)
}

/** Read twice: no byte leaves of a content that is not whole and what was uploaded. */
async function openContent(ctx: Context, document: StoredDocument): Promise<Readable> {
  assertServed(ctx, document)
  const { storage } = ctx
  const { keys, log } = ctx.system
  const { id, patient_id, media_type, size_bytes } = document
  const key = openRowKey(keys.keyring, document)
  const { file_name, sha256 } = openLabel(key, document)
  const chunks = contentPlace(key, document)
  await verifyContent(storage, chunks, { size_bytes, sha256 }).catch(async (error: unknown) => {
    if (!(error instanceof ContentMissing)) throw storeFailure(error)
    log.error({ document_id: id }, 'the content of a document is not in the store: restore it from a backup')
    const entry = { action: 'document.download', resource_type: 'document', resource_id: id, patient_id } as const
    await ctx.record({ ...entry, outcome: 'failure', details: { code: contentUnavailable.code } })
    throw new Problem(contentUnavailable, {}, error)
  })
  ctx.header('content-type', media_type === 'text/plain' ? 'text/plain; charset=utf-8' : media_type)
  ctx.header('content-length', String(size_bytes))
  ctx.header('content-disposition', attachment(file_name))
  // Whoever opens it in a page all the same: it runs nothing, loads nothing and is of no origin.
  ctx.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
  ctx.header('cache-control', 'no-store')
  return Readable.from(readContent(storage, chunks), { objectMode: false })
}

/** @throws Problem as the contract lists */
export async function makeLink(ctx: Context, document_id: string): Promise<DocumentLink> {
  const document = await requireDocument(ctx, document_id)
  assertServed(ctx, document)
  const { patient_id } = document
  return ctx.database.transaction(async (tx) => {
    const made = await tx.one(insertLink(document_id, ctx.actor.user_id ?? ''))
    tx.audit({ action: 'document.link', resource_type: 'document', resource_id: document_id, patient_id })
    return { ...made, document_id, url: `/api/v1/document-links/${made.id}` }
  })
}

/** @throws Problem as the contract lists; IntegrityError */
export async function fetchByLink(ctx: Context, link_id: string): Promise<Readable> {
  const [link] = await ctx.database.read(findLink(link_id, ctx.actor.user_id ?? ''))
  if (!link) throw new Problem(notFound)
  const document = await requireDocument(ctx, link.document_id)
  const content = await openContent(ctx, document)
  // Of those who use it at once, one has it.
  if ((await ctx.database.once((tx) => tx.run(spendLink(link_id)))) === 1) return content
  content.destroy()
  throw new Problem(linkSpent)
}
