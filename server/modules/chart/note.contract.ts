// What was noted at a visit: kept as it is typed, then signed, and never overwritten.
import { z } from 'zod'
import { Id, Instant, ListOf, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden } from '#platform/contract/problem.ts'
import { patientErased, patientInactive, patientMerged } from '../patients/patient.contract.ts'

export const NoteKind = z.enum(['soap', 'progress', 'discharge'])
export const NoteStatus = z.enum(['draft', 'signed', 'amended'])

const part = Text(20_000, 0).nullish()
export const NoteContent = z.strictObject({
  subjective: part,
  objective: part,
  assessment: part,
  plan: part,
  text: part.describe('Of a progress or discharge note'),
})
export type NoteContent = z.output<typeof NoteContent>
const shownPart = z.string().nullable()
const ShownContent = z.object({
  subjective: shownPart,
  objective: shownPart,
  assessment: shownPart,
  plan: shownPart,
  text: shownPart,
})
export type ShownContent = z.output<typeof ShownContent>

export const Note = z.object({
  id: Id,
  visit_id: Id,
  patient_id: Id,
  kind: NoteKind,
  status: NoteStatus,
  author_id: Id,
  content: ShownContent,
  number: z.int().describe('Of the version shown, counted from 1; 0 for a draft'),
  reason: z.string().nullable().describe('Why it was amended'),
  signed_by: Id.nullable(),
  signed_at: Instant.nullable().describe('When this version was signed'),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Note = z.output<typeof Note>

export const NoteVersion = Note.pick({ content: true, number: true, reason: true, signed_by: true, signed_at: true })
export type NoteVersion = z.output<typeof NoteVersion>

export const NoteDraft = Note.pick({ id: true, visit_id: true, patient_id: true, kind: true, updated_at: true })
export type NoteDraft = z.output<typeof NoteDraft>

export const noteNotDraft = defineProblem('note_not_draft', 409, 'This note was signed: amend it instead')
export const noteNotSigned = defineProblem('note_not_signed', 409, 'This note is a draft: sign it before it is amended')
export const noteEmpty = defineProblem(
  'note_empty',
  422,
  'Nothing was written yet: a note that is signed says something',
)

const audited = (verb: string) => ({ action: `note.${verb}`, resource_type: 'note' }) as const
const one = z.strictObject({ note_id: Id })
const ofVisit = z.strictObject({ visit_id: Id })
const problems = [patientErased, patientInactive, patientMerged, forbidden]
const content = { subjective: 'Cough for three days', objective: 'Lungs clear', assessment: 'Viral', plan: 'Rest' }

export const noteApi = {
  create: {
    method: 'POST',
    path: '/api/v1/visits/{visit_id}/notes',
    summary: 'Begin a note',
    description: 'Until it is signed its author alone sees it, on whatever screen they go on.',
    access: 'chart:write',
    audit: audited('create'),
    params: ofVisit,
    body: z.strictObject({ kind: NoteKind, content: NoteContent.default({}) }),
    returns: [201, Note],
    versioned: true,
    problems,
    example: { kind: 'soap', content },
  },
  listOfVisit: {
    method: 'GET',
    path: '/api/v1/visits/{visit_id}/notes',
    summary: 'The notes of a visit, newest first',
    description: 'Signed ones, and your own drafts.',
    access: 'chart:read',
    audit: audited('list'),
    params: ofVisit,
    query: z.strictObject(Page),
    returns: [200, ListOf(Note)],
    problems: [],
  },
  listDrafts: {
    method: 'GET',
    path: '/api/v1/notes/drafts',
    summary: 'Your drafts that wait for your signature, oldest first',
    description: 'Without what they say. The first hundred.',
    access: 'chart:write',
    audit: audited('list'),
    returns: [200, z.object({ items: z.array(NoteDraft) })],
    problems: [],
  },
  get: {
    method: 'GET',
    path: '/api/v1/notes/{note_id}',
    summary: 'One note',
    access: 'chart:read',
    audit: audited('read'),
    params: one,
    returns: [200, Note],
    versioned: true,
    problems: [],
  },
  save: {
    method: 'PUT',
    path: '/api/v1/notes/{note_id}',
    summary: 'Keep a draft as it is typed',
    description: 'A refusal with 412 names the members in which the stored draft differs from what was sent.',
    access: 'chart:write',
    audit: audited('save'),
    params: one,
    body: z.strictObject({ content: NoteContent }),
    returns: [200, Note],
    versioned: true,
    problems: [...problems, noteNotDraft],
    example: { content },
  },
  sign: {
    method: 'POST',
    path: '/api/v1/notes/{note_id}/sign',
    summary: 'Sign a draft',
    access: 'chart:write',
    audit: audited('sign'),
    params: one,
    returns: [200, Note],
    versioned: true,
    problems: [...problems, noteNotDraft, noteEmpty],
  },
  amend: {
    method: 'POST',
    path: '/api/v1/notes/{note_id}/amend',
    summary: 'Add a new version to a signed note, with the reason',
    description: 'The versions before stay as they were signed.',
    access: 'chart:write',
    audit: audited('amend'),
    params: one,
    body: z.strictObject({ content: NoteContent, reason: Text(500) }),
    returns: [200, Note],
    versioned: true,
    problems: [...problems, noteNotSigned, noteEmpty],
    example: { content, reason: 'The side was wrong' },
  },
  versions: {
    method: 'GET',
    path: '/api/v1/notes/{note_id}/versions',
    summary: 'Every signed version of a note, first to last',
    access: 'chart:read',
    audit: audited('read'),
    params: one,
    returns: [200, z.object({ items: z.array(NoteVersion) })],
    problems: [],
  },
} as const satisfies Api
