// What stands out in the audit log, and what a person made of it.
import { z } from 'zod'
import { Id, Instant, ListOf, LocalDate, Page, QueryBoolean, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, forbidden } from '#platform/contract/problem.ts'

export const FindingKind = z
  .enum([
    'mass_read',
    'own_record',
    'colleague',
    'family_name',
    'watched_record',
    'after_hours',
    'failed_sign_ins',
    'emergency_access_unreviewed',
  ])
  .describe(
    'mass_read: many different records within an hour. own_record: the own one, by way of work. colleague: of somebody who works ' +
      'here, by their account or their name. family_name: of somebody with the same family name. watched_record: of somebody ' +
      'whose record is watched. after_hours: at an hour that is ' +
      'not usual, of people who were not here. failed_sign_ins: many for one account within an hour. ' +
      'emergency_access_unreviewed: nobody has reviewed it in time.',
  )
export type FindingKind = z.output<typeof FindingKind>

export const FindingVerdict = z.enum(['justified', 'not_justified'])
export type FindingVerdict = z.output<typeof FindingVerdict>

export const Finding = z.object({
  id: Id,
  kind: FindingKind,
  user_id: Id.describe('Who did it; of failed_sign_ins, whose account it was'),
  user_name: z.string().nullable().describe('Null where the account does not open'),
  patient_id: Id.nullable().describe('Null where it is not about one record'),
  patient_number: z.string().nullable(),
  emergency_access_id: Id.nullable(),
  night_of: LocalDate.nullable().describe('Of after_hours: the local day on which the night began'),
  first_at: Instant,
  last_at: Instant,
  entries: z.int().describe('Entries of the audit log that it stands for, so far'),
  records: z.int().nullable().describe('Of mass_read: the most different records within the minutes that count'),
  raised_at: Instant,
  closed_at: Instant.nullable(),
  closed_by: Id.nullable(),
  verdict: FindingVerdict.nullable(),
  remark: z.string().nullable(),
})
export type Finding = z.output<typeof Finding>

export const FindingQuery = z.strictObject({
  ...Page,
  closed: QueryBoolean.optional(),
  kind: FindingKind.optional(),
  user_id: Id.optional(),
  patient_id: Id.optional(),
})
export type FindingQuery = z.output<typeof FindingQuery>

export const FindingClosure = z.strictObject({
  verdict: FindingVerdict,
  remark: Text(2000, 5).describe('What was asked and answered. Kept when the person is erased: no clinical detail'),
})
export type FindingClosure = z.output<typeof FindingClosure>

export const findingClosed = defineProblem('finding_closed', 409, 'This finding has been closed already')

export const findingApi = {
  list: {
    method: 'GET',
    path: '/api/v1/activity-findings',
    summary: 'What stands out in the audit log, newest first',
    description:
      'The log is looked through every five minutes. While a finding is open, what more there is of the same is added to it.',
    access: 'audit:review',
    audit: { action: 'activity_finding.list', resource_type: 'activity_finding' },
    query: FindingQuery,
    returns: [200, ListOf(Finding)],
    problems: [],
  },
  close: {
    method: 'POST',
    path: '/api/v1/activity-findings/{finding_id}/close',
    summary: 'Sign a finding off, with a remark; never one about yourself',
    access: 'audit:review',
    audit: { action: 'activity_finding.close', resource_type: 'activity_finding' },
    params: z.strictObject({ finding_id: Id }),
    body: FindingClosure,
    returns: [200, Finding],
    problems: [findingClosed, forbidden],
    example: { verdict: 'justified', remark: 'Took over the ward for a colleague who was ill' },
  },
} as const satisfies Api
