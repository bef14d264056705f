// Two records of one person made one, undone again, and which records are likely one person's.
import { z } from 'zod'
import { IdentityCard, duplicateIdentifier, patientErased, patientInactive, patientMerged } from './patient.contract.ts'
import { Id, Instant, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const mergeConflicts = defineProblem(
  'merge_conflicts',
  409,
  'These records cannot be merged as they are: `conflicts` says what stands against it',
)
export const alreadyMerged = defineProblem(
  'already_merged',
  409,
  'The record to merge was merged before: open it to see into which',
)
export const sameRecord = defineProblem('same_record', 409, 'A record cannot be merged with itself')
export const mergeUndone = defineProblem('merge_undone', 409, 'This merge has been undone already')

export const MergeConflict = z.object({
  code: z.enum([
    'overlapping_appointments',
    'two_beds',
    'two_open_visits',
    'different_ssn',
    'different_national_id',
    'different_birth_date',
    'two_primary_contacts',
    'two_accounts',
  ]),
  message: z.string(),
  stands: z
    .enum(['always', 'unless_forced', 'never'])
    .describe('Whether it stands against the merge: always, unless `force` is true, or never'),
  ids: z.array(Id).describe('Of the rows in conflict'),
})
export type MergeConflict = z.output<typeof MergeConflict>

const RowCount = z.object({ table: z.string(), rows: z.int() })
const RowName = z.object({ table: z.string(), id: Id })

export const Merge = z.strictObject({
  merged_patient_id: Id.describe('The record that becomes part of the one in the address'),
  reason: Text(500),
  dry_run: z.boolean().optional().describe('True to see what would be moved, and what stands against it'),
  force: z.boolean().optional().describe('True to merge although identifiers or birth dates differ'),
})
export type Merge = z.output<typeof Merge>

export const MergeReport = z.object({
  merge_id: Id.nullable().describe('Names the merge when it is undone; null for a dry run'),
  dry_run: z.boolean(),
  survivor_id: Id,
  merged_id: Id,
  moves: z.array(RowCount),
  conflicts: z.array(MergeConflict),
})
export type MergeReport = z.output<typeof MergeReport>

export const Unmerge = z.strictObject({
  merge_id: Id,
  reason: Text(500),
  dry_run: z.boolean().optional(),
  assign: z
    .record(z.string().max(60), z.record(Id, z.enum(['survivor', 'merged'])))
    .optional()
    .describe('By table and id: to whom a row belongs that was written while the records were one'),
})
export type Unmerge = z.output<typeof Unmerge>

export const UnmergeReport = z.object({
  merge_id: Id,
  dry_run: z.boolean(),
  survivor_id: Id,
  merged_id: Id,
  returned: z.array(RowCount),
  undecided: z
    .array(RowName)
    .describe('Written while the records were one: with the survivor until you repeat with `assign`'),
  changed: z
    .array(RowName)
    .describe(
      'Changed while the records were one, rows of either, `patients` being the survivor itself: they stay as they are now',
    ),
  gone: z.array(RowName).describe('Deleted while the records were one, rows of either'),
})
export type UnmergeReport = z.output<typeof UnmergeReport>

export const MergeList = z.object({
  items: z.array(
    z.object({
      merge_id: Id,
      survivor_id: Id,
      merged_id: Id,
      merged_at: Instant,
      merged_by: Id,
      unmerged_at: Instant.nullable(),
      unmerged_by: Id.nullable(),
    }),
  ),
})
export type MergeList = z.output<typeof MergeList>

export const DuplicatePairs = z.object({
  items: z.array(
    z.object({
      patients: z.array(IdentityCard).describe('Two'),
      score: z.number().describe('0 to 1'),
      reasons: z.array(z.string()),
    }),
  ),
  next_cursor: z.string().nullable().describe('Give it as cursor to read on; null at the end'),
  is_complete: z.boolean().describe('False while there are people who were not looked at: read on with next_cursor'),
})
export type DuplicatePairs = z.output<typeof DuplicatePairs>

const DuplicatesQuery = z.strictObject({ limit: Page.limit, cursor: Page.cursor })
export type DuplicatesQuery = z.output<typeof DuplicatesQuery>

const PatientParams = z.strictObject({ patient_id: Id })

export const mergeApi = {
  duplicates: {
    method: 'GET',
    path: '/api/v1/patients/duplicates',
    summary: 'Pairs of records that are likely the same person',
    description:
      'First pairs who share a name and birth date, then pairs who share a phone only, each pair once; the likeliest of a page ' +
      'stand first. A page looks at a few hundred people and may hold fewer pairs than asked for, or none: read on until ' +
      '`next_cursor` is null.',
    access: 'patients:merge',
    audit: { action: 'patient.duplicates', resource_type: 'patient' },
    query: DuplicatesQuery,
    returns: [200, DuplicatePairs],
    problems: [],
    limit_per_minute: 60,
  },
  merges: {
    method: 'GET',
    path: '/api/v1/patients/{patient_id}/merges',
    summary: 'The merges in which this record took part, newest first',
    access: 'patients:merge',
    audit: { action: 'patient.merges', resource_type: 'patient' },
    params: PatientParams,
    returns: [200, MergeList],
    problems: [],
  },
  merge: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/merge',
    summary: 'Make another record part of this one',
    description:
      'Ask with `dry_run` first: the answer counts what will be moved and names what stands against it. ' +
      'What the merged record holds becomes the survivor’s, who is then found by the exact values of both; it can be undone.',
    access: 'patients:merge',
    audit: { action: 'patient.merge', resource_type: 'patient' },
    params: PatientParams,
    body: Merge,
    returns: [200, MergeReport],
    problems: [mergeConflicts, alreadyMerged, sameRecord, patientErased, patientMerged, patientInactive],
    example: { merged_patient_id: '0198c0de-0000-7000-8000-000000000001', reason: 'Registered twice', dry_run: true },
  },
  unmerge: {
    method: 'POST',
    path: '/api/v1/patients/{patient_id}/unmerge',
    summary: 'Undo a merge',
    description:
      'Every row goes back where it was. Rows written while the records were one stay with the survivor and are listed as ' +
      '`undecided`: repeat with `assign` to say to whom each belongs.',
    access: 'patients:merge',
    audit: { action: 'patient.unmerge', resource_type: 'patient' },
    params: PatientParams,
    body: Unmerge,
    returns: [200, UnmergeReport],
    problems: [mergeUndone, mergeConflicts, patientErased, patientMerged, duplicateIdentifier],
    example: { merge_id: '0198c0de-0000-7000-8000-000000000002', reason: 'Two sisters' },
  },
} as const satisfies Api
