// Which records need not be kept any more, and which are held: the work-lists of whoever answers for erasures.
import { z } from 'zod'
import { Id, ListOf, LocalDate, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const RetainedRecord = z.object({
  patient_id: Id,
  patient_number: z.string(),
  legal_hold: z.boolean(),
  retention_ended_on: LocalDate.nullable().describe('Null of a record that is held'),
})
export type RetainedRecord = z.output<typeof RetainedRecord>

export const RetentionQuery = z.strictObject({
  ...Page,
  state: z.enum(['over', 'held']).default('over'),
})
export type RetentionQuery = z.output<typeof RetentionQuery>

export const retentionListApi = {
  list: {
    method: 'GET',
    path: '/api/v1/retention',
    summary: 'Records that need not be kept any more, longest first; or those under legal hold',
    description:
      'Found once a day. Nothing is erased by itself: what is over is judged anew when somebody erases it, with a reason.',
    access: 'patients:erase',
    audit: { action: 'retention.list', resource_type: 'patient' },
    query: RetentionQuery,
    returns: [200, ListOf(RetainedRecord)],
    problems: [],
  },
} as const satisfies Api
