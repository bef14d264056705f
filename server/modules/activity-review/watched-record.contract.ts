// Records of known persons, of which every look by way of work is put before those who review.
import { z } from 'zod'
import { Id, Instant, ListOf, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

export const WatchedRecord = z.object({
  patient_id: Id,
  patient_number: z.string(),
  watched_since: Instant,
  watched_by: Id,
})
export type WatchedRecord = z.output<typeof WatchedRecord>

const OfPatient = z.strictObject({ patient_id: Id })
const audit = (verb: string) => ({ action: `watched_record.${verb}`, resource_type: 'watched_record' })

export const watchedRecordApi = {
  list: {
    method: 'GET',
    path: '/api/v1/watched-records',
    summary: 'Records that are watched, the latest first',
    access: 'audit:review',
    audit: audit('list'),
    query: z.strictObject(Page),
    returns: [200, ListOf(WatchedRecord)],
    problems: [],
  },
  watch: {
    method: 'PUT',
    path: '/api/v1/watched-records/{patient_id}',
    summary: 'Have every look into this record by way of work reported as a finding',
    description: 'Of what was merged into it as well. What was looked at before is not reported.',
    access: 'audit:review',
    audit: audit('add'),
    params: OfPatient,
    returns: [204, null],
    problems: [],
  },
  end: {
    method: 'DELETE',
    path: '/api/v1/watched-records/{patient_id}',
    summary: 'Watch a record no longer; findings stay',
    access: 'audit:review',
    audit: audit('remove'),
    params: OfPatient,
    returns: [204, null],
    problems: [],
  },
} as const satisfies Api
