import { randomUUIDv7 } from 'node:crypto'
import { cardOf, lockChangeable, readOfPatient } from '#modules/patients'
import { mismatchesOf } from './dicom-match.ts'
import {
  documentNamed,
  documentQuota,
  documentReplaced,
  documentUnchanged,
  infectedFile,
  storageUnavailable,
  unscannableFile,
  uploadQuota,
  wrongPatient,
} from './document-problem.contract.ts'
import {
  type Document,
  type DocumentQuery,
  type Judged,
  type NewDocument,
  type NewVisitDocument,
} from './document.contract.ts'
import { openLabel, openRowKey, sealDocument } from './document.sealing.ts'
import {
  countDocuments,
  findDocument,
  findDocuments,
  findLastRevision,
  findVisitPatient,
  insertDocument,
  lockUploads,
  markDeleted,
  type StoredDocument,
  sumOfPatient,
  sumOfUser,
} from './document.store.ts'
import { strikeOut } from './file.store.ts'
import { findNaming } from './naming.store.ts'
import { type Context, holds } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { localDay } from '#platform/local-day.ts'
import { usualReach } from '#platform/emergency-reach.ts'

/** @throws Problem as the contract lists */
export async function addDocument(ctx: Context, given: NewDocument): Promise<Document> {
  const { patient_id, visit_id, kind, title, file, replaces } = given
  const id = randomUUIDv7()
  const stored = await ctx.database
    .transaction(async (tx) => {
      const changeable = await lockChangeable(ctx, tx, patient_id)
      const { key, purpose } = changeable
      if (visit_id !== undefined && (await tx.first(findVisitPatient(visit_id)))?.patient_id !== patient_id)
        throw new Problem(notFound)
      await assertNoThreat(ctx, given, purpose)
      assertSamePerson(ctx, given, { ...cardOf(changeable), patient_number: changeable.row.patient_number })
      await assertRoom(ctx, tx, given)
      const place =
        replaces === undefined ? { series_id: id, revision: 1 } : await placeBehind(ctx, tx, given, replaces)
      const study = file.dicom ? studyOf(file.dicom) : null
      const label = { title, file_name: file.file_name, sha256: file.content_hash, study }
      const { storage_key, media_type, size_bytes } = file
      const row = {
        id,
        patient_id,
        visit_id,
        kind,
        storage_key,
        media_type,
        size_bytes,
        ...place,
        ...stateOf(file.verdict),
      }
      const [kept, , made] = await Promise.all([
        tx.first(strikeOut(storage_key)),
        tx.run(
          insertDocument({ ...row, ...sealDocument(key, id, label, file.content_key), uploaded_by: ctx.actor.user_id }),
        ),
        tx.first(findDocument(id)),
      ])
      // It took so long that it was taken for left behind.
      if (!kept || !made) throw new Problem(storageUnavailable, { retry_after_seconds: 1 })
      const { status } = row
      const details = { kind, media_type, size_bytes, status, revision: place.revision }
      tx.audit({ action: 'document.upload', resource_type: 'document', resource_id: id, patient_id, purpose, details })
      tx.emit({
        type: 'document.uploaded',
        subject_type: 'document',
        subject_id: id,
        patient_id,
        payload: { kind, status, series_id: place.series_id, revision: place.revision },
      })
      return made
    })
    .catch(violating({ documents_one_revision: documentReplaced }))
  ctx.header('location', `/api/v1/documents/${id}`)
  return shownDocument(ctx, stored)
}

/** @throws Problem as the contract lists */
export async function addToVisit(ctx: Context, visit_id: string, given: NewVisitDocument): Promise<Document> {
  const [visit] = await ctx.database.once((tx) => tx.rows(findVisitPatient(visit_id)))
  if (!visit) throw new Problem(notFound)
  return addDocument(ctx, { ...given, ...visit, visit_id })
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function listOfVisit(
  ctx: Context,
  visit_id: string,
  query: Omit<DocumentQuery, 'patient_id' | 'visit_id'>,
) {
  const [visit] = await ctx.database.read(findVisitPatient(visit_id))
  if (!visit) throw new Problem(notFound)
  return listOfPatient(ctx, visit.patient_id, { ...query, visit_id })
}

/** A file with a threat in it is worth knowing of: who tried to add it to which record. @throws Problem infectedFile, unscannableFile */
async function assertNoThreat(ctx: Context, { file, patient_id }: NewDocument, purpose: string | undefined) {
  const { verdict } = file
  if (verdict.status === 'unscannable') throw new Problem(unscannableFile)
  if (verdict.status !== 'infected') return
  const { threat } = verdict
  await ctx.record({
    action: 'document.upload',
    resource_type: 'document',
    patient_id,
    purpose,
    outcome: 'denied',
    details: { code: infectedFile.code, threat },
  })
  throw new Problem(infectedFile, { threat })
}

function stateOf(verdict: Judged) {
  const isClean = verdict.status === 'clean' || verdict.status === 'unscanned'
  return {
    status: isClean ? ('clean' as const) : ('scanning' as const),
    unscanned: verdict.status === 'unscanned',
    scanned_with: verdict.status === 'clean' ? verdict.scanned_with : null,
  }
}

/** @throws Problem wrongPatient */
function assertSamePerson(
  ctx: Context,
  { file, study_instance_uid, patient_id }: NewDocument,
  person: Parameters<typeof mismatchesOf>[1],
) {
  if (!file.dicom) {
    if (study_instance_uid !== undefined) throw new Problem(wrongPatient, { mismatches: ['study'] })
    return
  }
  const today = localDay(ctx.system.configuration.timezone)
  const mismatches = mismatchesOf(file.dicom, person, { study_instance_uid, today })
  if (mismatches.length > 0) throw new Problem(wrongPatient, { mismatches }).naming({ patient_id })
}

function studyOf({ study_instance_uid, study_date, modality }: NonNullable<NewDocument['file']['dicom']>) {
  return { study_instance_uid, study_date, modality }
}

/** The patient is locked, and whoever uploads takes turns: nobody is counted twice or forgotten. @throws Problem documentQuota, uploadQuota */
async function assertRoom(ctx: Context, tx: Tx, { patient_id, file }: NewDocument) {
  const limits = ctx.system.configuration.document_limits
  const user_id = ctx.actor.user_id ?? ''
  const [, ofUser, ofPatient] = await Promise.all([
    tx.run(lockUploads(user_id)),
    tx.one(sumOfUser(user_id)),
    tx.one(sumOfPatient(patient_id)),
  ])
  if (ofUser.count >= limits.user_day_count || ofUser.bytes + file.size_bytes > limits.user_day_bytes)
    throw new Problem(uploadQuota, { retry_after_seconds: 3600 })
  if (ofPatient.count >= limits.patient_count || ofPatient.bytes + file.size_bytes > limits.patient_bytes)
    throw new Problem(documentQuota)
}

/** @throws Problem notFound, forbidden, documentReplaced, documentUnchanged */
async function placeBehind(ctx: Context, tx: Tx, { patient_id, file }: NewDocument, replaces: string) {
  const before = await tx.first(findDocument(replaces))
  if (!before || before.patient_id !== patient_id) throw new Problem(notFound)
  // Whoever may not read it must not learn by asking what is in it; and patients replace no report about them.
  const isOwnRecord = ctx.actor.patient_id === patient_id
  if (before.uploaded_by !== ctx.actor.user_id && (isOwnRecord || !holds(ctx.actor, 'documents:read')))
    throw new Problem(forbidden)
  if (!before.is_current) throw new Problem(documentReplaced)
  const { sha256 } = openLabel(openRowKey(ctx.system.keys.keyring, before), before)
  if (sha256 === file.content_hash)
    throw new Problem(documentUnchanged, { document_id: before.id }).naming({ patient_id, resource_id: before.id })
  const last = await tx.one(findLastRevision(before.series_id))
  return { series_id: before.series_id, revision: last.revision + 1 }
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function getDocument(ctx: Context, id: string): Promise<Document> {
  return shownDocument(ctx, await requireDocument(ctx, id))
}

/** One that the caller may read, as of now. @throws Problem notFound, patientErased, patientMerged */
export async function requireDocument(ctx: Context, id: string): Promise<StoredDocument> {
  const [named] = await ctx.database.read(findDocument(id))
  if (!named) throw new Problem(notFound)
  const { patient_id } = named
  ctx.saw({ resource_id: id, patient_id })
  const found = await readOfPatient(ctx, patient_id, (tx) => tx.first(findDocument(id)))
  if (!found) throw new Problem(notFound)
  return found
}

/** Across records: emergency access opens one record, and lists none. */
export async function listDocuments(ctx: Context, query: DocumentQuery) {
  if (query.patient_id !== undefined) return listOfPatient(ctx, query.patient_id, query)
  const database = ctx.reaching(usualReach(ctx))
  const after = decodeCursor(query.cursor)
  const listed = await database.once((tx) => readPage(tx, query, after))
  ctx.saw({ details: { patient_ids: [...new Set(listed.rows.map(({ patient_id }) => patient_id))] } })
  return page(ctx, query, listed)
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function listOfPatient(ctx: Context, patient_id: string, query: Omit<DocumentQuery, 'patient_id'>) {
  ctx.saw({ patient_id })
  const after = decodeCursor(query.cursor)
  const listed = await readOfPatient(ctx, patient_id, (tx) => readPage(tx, { ...query, patient_id }, after))
  ctx.saw({ details: { count: listed.rows.length } })
  return page(ctx, query, listed)
}

type Listed = { rows: StoredDocument[]; total: number }

type After = ReturnType<typeof decodeCursor>

async function readPage(tx: Tx, query: DocumentQuery, after: After): Promise<Listed> {
  const { skip, limit } = query
  const [rows, { total }] = await Promise.all([
    tx.rows(findDocuments(query, { skip, limit, after })),
    tx.one(countDocuments(query)),
  ])
  return { rows, total }
}

function page(ctx: Context, { skip, limit }: Pick<DocumentQuery, 'skip' | 'limit'>, { rows, total }: Listed) {
  return {
    items: rows.map((row) => shownDocument(ctx, row)),
    total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: rows.length === limit ? encodeCursor(rows.at(-1)?.id) : null,
  }
}

function shownDocument(ctx: Context, stored: StoredDocument): Document {
  const {
    storage_key: _,
    key_id: _k,
    kek_id: _e,
    wrapped: _w,
    sealed_label: _l,
    sealed_content_key: _c,
    ...shown
  } = stored
  return { ...shown, ...openLabel(openRowKey(ctx.system.keys.keyring, stored), stored) }
}

/** @throws Problem notFound, stale, forbidden, documentNamed, patientErased, patientInactive, patientMerged */
export async function removeDocument(ctx: Context, id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const document = await tx.first(findDocument(id))
    if (!document) throw new Problem(notFound)
    const { patient_id, series_id } = document
    ctx.saw({ resource_id: id, patient_id })
    const { purpose } = await lockChangeable(ctx, tx, patient_id)
    const mayRemoveAll = ctx.reach === 'all' && ctx.actor.permissions.has('documents:read')
    if (document.uploaded_by !== ctx.actor.user_id && !mayRemoveAll) throw new Problem(forbidden)
    if (!mayRemoveAll && (await tx.first(findNaming(id)))) throw new Problem(documentNamed)
    if ((await tx.run(markDeleted(id, ctx.if_match, ctx.actor.user_id))) === 0)
      throw new Problem((await tx.first(findDocument(id))) ? stale : notFound)
    tx.audit({ action: 'document.delete', resource_type: 'document', resource_id: id, patient_id, purpose })
    tx.emit({ type: 'document.deleted', subject_type: 'document', subject_id: id, patient_id, payload: { series_id } })
  })
}
