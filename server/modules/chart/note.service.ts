// Writing notes: a draft that is kept as it is typed, a signature, and amendments beside what was signed.
import { randomUUIDv7 } from 'node:crypto'
import { type Changeable, lockChangeable } from '#modules/patients'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { findInReach, usualReach } from '#platform/emergency-reach.ts'
import { openSealed, sealed } from './chart.sealing.ts'
import { assertCurrent } from './current.ts'
import { refuseOwn } from './entry.service.ts'
import {
  type Note,
  type NoteContent,
  type NoteDraft,
  noteEmpty,
  noteNotDraft,
  noteNotSigned,
  type NoteVersion,
  type ShownContent,
} from './note.contract.ts'
import {
  countNotes,
  findNote,
  findPatientOfVisit,
  insertNote,
  insertVersion,
  listNotes,
  listOwnDrafts,
  listVersions,
  lockNote,
  type NewNote,
  type StoredNote,
  type StoredVersion,
  updateAmended,
  updateNoteDraft,
  updateSignedNote,
} from './note.store.ts'

type Signed = { content: ShownContent; reason: string | null }
const draftColumn = { table: 'clinical_notes', column: 'sealed_draft' }
const versionColumn = { table: 'clinical_note_versions', column: 'sealed_note' }
const nothing: ShownContent = { subjective: null, objective: null, assessment: null, plan: null, text: null }

/** What is blank counts as not written. */
function contentOf(given: NoteContent): ShownContent {
  const written = Object.entries(given).filter(([, text]) => text !== null && text !== undefined && text !== '')
  return { ...nothing, ...Object.fromEntries(written) }
}
const isEmpty = (content: ShownContent) => Object.values(content).every((text) => text === null)

function shownVersion(
  keyring: Keyring,
  { id, number, sealed_note, signed_by, signed_at, ...key }: StoredVersion,
): NoteVersion {
  const { content, reason } = openSealed<Signed>(keyring, versionColumn, id, key, sealed_note)
  return { content, number, reason, signed_by, signed_at }
}

function shownNote(keyring: Keyring, stored: StoredNote, versions: readonly StoredVersion[]): Note {
  const { sealed_draft, current_number, key_id, kek_id, wrapped, ...note } = stored
  if (sealed_draft) {
    const content = openSealed<ShownContent>(keyring, draftColumn, note.id, { key_id, kek_id, wrapped }, sealed_draft)
    return { ...note, content, number: 0, reason: null, signed_by: null, signed_at: null }
  }
  const current = versions.find(({ note_id, number }) => note_id === note.id && number === current_number)
  return { ...note, ...shownVersion(keyring, certain(current, 'version of a note')) }
}

/** @throws Problem notFound, forbidden, patientErased, patientMerged, patientInactive */
export async function createNote(
  ctx: Context,
  visit_id: string,
  { kind, content }: { kind: Note['kind']; content: NoteContent },
): Promise<Note> {
  const author_id = certain(ctx.actor.user_id, 'user')
  const id = randomUUIDv7()
  const stored = await ctx.database.transaction(async (tx) => {
    const { patient_id } = await tx.one(findPatientOfVisit(visit_id))
    if (patient_id === null) throw new Problem(notFound)
    refuseOwn(ctx, patient_id)
    const { key, purpose } = await lockChangeable(ctx, tx, patient_id)
    const row: NewNote = {
      id,
      visit_id,
      patient_id,
      kind,
      author_id,
      key_id: key.id,
      sealed_draft: sealed(key, draftColumn, id, contentOf(content)),
    }
    await tx.run(insertNote(row))
    tx.audit({ action: 'note.create', resource_type: 'note', resource_id: id, patient_id, purpose, details: { kind } })
    return tx.one(findNote(id, author_id))
  })
  ctx.header('location', `/api/v1/notes/${id}`)
  return shownNote(ctx.system.keys.keyring, stored, [])
}

type Changing = { tx: Tx; stored: StoredNote; patient: Changeable; before: Note }

async function changeNote(ctx: Context, id: string, work: (changing: Changing) => Promise<void>): Promise<Note> {
  const { keyring } = ctx.system.keys
  const { user_id } = ctx.actor
  return ctx.database.transaction(async (tx) => {
    const known = await tx.first(findNote(id, user_id))
    if (!known) throw new Problem(notFound)
    refuseOwn(ctx, known.patient_id)
    const patient = await lockChangeable(ctx, tx, known.patient_id)
    const read = () => Promise.all([tx.first(findNote(id, user_id)), tx.rows(listVersions([id]))])
    const [, [stored, versions]] = await Promise.all([tx.run(lockNote(id)), read()])
    if (stored?.patient_id !== known.patient_id) throw new Problem(notFound)
    await work({ tx, stored, patient, before: shownNote(keyring, stored, versions) })
    const [now, all] = await read()
    return shownNote(keyring, certain(now, 'note'), all)
  })
}

/** @throws Problem notFound, stale, noteNotDraft, forbidden, patientErased, patientMerged, patientInactive */
export function saveDraft(ctx: Context, id: string, given: NoteContent): Promise<Note> {
  return changeNote(ctx, id, async ({ tx, stored, patient, before }) => {
    if (stored.status !== 'draft') throw new Problem(noteNotDraft)
    const content = contentOf(given)
    assertCurrent(ctx, stored.version, before.content, content)
    await tx.run(updateNoteDraft(id, patient.key.id, sealed(patient.key, draftColumn, id, content)))
    tell(tx, 'save', stored, patient)
  })
}

/** @throws Problem notFound, stale, noteNotDraft, noteEmpty, forbidden, patientErased, patientMerged, patientInactive */
export function signNote(ctx: Context, id: string): Promise<Note> {
  return changeNote(ctx, id, async ({ tx, stored, patient, before }) => {
    if (stored.status !== 'draft') throw new Problem(noteNotDraft)
    assertCurrent(ctx, stored.version)
    await addVersion(ctx, tx, stored, patient, { content: before.content, reason: null })
    await tx.run(updateSignedNote(id))
    tell(tx, 'sign', stored, patient)
    const { patient_id, visit_id } = stored
    tx.emit({ type: 'note.signed', subject_type: 'note', subject_id: id, patient_id, payload: { visit_id } })
  })
}

/** @throws Problem notFound, stale, noteNotSigned, noteEmpty, forbidden, patientErased, patientMerged, patientInactive */
export function amendNote(ctx: Context, id: string, given: { content: NoteContent; reason: string }): Promise<Note> {
  return changeNote(ctx, id, async ({ tx, stored, patient }) => {
    if (stored.status === 'draft') throw new Problem(noteNotSigned)
    assertCurrent(ctx, stored.version)
    await addVersion(ctx, tx, stored, patient, { content: contentOf(given.content), reason: given.reason })
    await tx.run(updateAmended(id))
    tell(tx, 'amend', stored, patient)
    const { patient_id, visit_id } = stored
    tx.emit({ type: 'note.amended', subject_type: 'note', subject_id: id, patient_id, payload: { visit_id } })
  })
}

/** @throws Problem noteEmpty */
async function addVersion(ctx: Context, tx: Tx, note: StoredNote, { key }: Changeable, signed: Signed) {
  if (isEmpty(signed.content)) throw new Problem(noteEmpty)
  const id = randomUUIDv7()
  await tx.run(
    insertVersion({
      id,
      note_id: note.id,
      patient_id: note.patient_id,
      number: note.current_number + 1,
      key_id: key.id,
      sealed_note: sealed(key, versionColumn, id, signed),
      signed_by: certain(ctx.actor.user_id, 'user'),
    }),
  )
}

function tell(tx: Tx, verb: string, { id, patient_id, current_number }: StoredNote, { purpose }: Changeable) {
  tx.audit({
    action: `note.${verb}`,
    resource_type: 'note',
    resource_id: id,
    patient_id,
    purpose,
    details: { after_number: current_number },
  })
}

async function reading<T>(ctx: Context, find: (tx: Tx) => Promise<T | undefined>): Promise<T> {
  return (await findInReach(ctx, (database) => database.once(find))).found
}

/** @throws Problem notFound */
export async function getNote(ctx: Context, id: string): Promise<Note> {
  const [stored, versions] = await findWhole(ctx, id)
  return shownNote(ctx.system.keys.keyring, stored, versions)
}

/** @throws Problem notFound */
export async function listNoteVersions(ctx: Context, id: string): Promise<{ items: NoteVersion[] }> {
  const [, versions] = await findWhole(ctx, id)
  return { items: versions.map((version) => shownVersion(ctx.system.keys.keyring, version)) }
}

async function findWhole(ctx: Context, id: string): Promise<[StoredNote, StoredVersion[]]> {
  const found = await reading(ctx, async (tx): Promise<[StoredNote, StoredVersion[]] | undefined> => {
    const [note, versions] = await Promise.all([tx.first(findNote(id, ctx.actor.user_id)), tx.rows(listVersions([id]))])
    return note && [note, versions]
  })
  ctx.saw({ resource_id: id, patient_id: found[0].patient_id })
  return found
}

export async function listDrafts(ctx: Context): Promise<{ items: NoteDraft[] }> {
  const items = await ctx.reaching(usualReach(ctx)).once((tx) => tx.rows(listOwnDrafts(ctx.actor.user_id)))
  ctx.saw({ details: { count: items.length, patient_ids: [...new Set(items.map(({ patient_id }) => patient_id))] } })
  return { items }
}

type NotesQuery = { skip: number; limit: number; cursor?: string | undefined }

/** @throws Problem notFound */
export async function listNotesOfVisit(ctx: Context, visit_id: string, { skip, limit, cursor }: NotesQuery) {
  const { user_id } = ctx.actor
  const asked = { skip, limit: limit + 1, after: decodeTimeCursor(cursor) }
  const { patient_id, rows, total } = await reading(ctx, async (tx) => {
    const [visit, found, counted] = await Promise.all([
      tx.one(findPatientOfVisit(visit_id)),
      tx.rows(listNotes(visit_id, user_id, asked)),
      tx.one(countNotes(visit_id, user_id)),
    ])
    return visit.patient_id === null ? undefined : { patient_id: visit.patient_id, rows: found, ...counted }
  })
  const shown = rows.slice(0, limit)
  const versions = await ctx.database.once((tx) => tx.rows(listVersions(shown.map(({ id }) => id))))
  ctx.saw({ patient_id, details: { count: shown.length } })
  const last = rows.length > limit ? shown.at(-1) : undefined
  return {
    items: shown.map((row) => shownNote(ctx.system.keys.keyring, row, versions)),
    total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: encodeCursor(last && `${last.created_at} ${last.id}`),
  }
}
