// The mail that went out or waits. In production only that it did; elsewhere its text, since no mail server may be there.
import { z } from 'zod'
import { Id, Instant, ListOf, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'

const MailStatus = z.enum(['waiting', 'sent', 'kept', 'failed'])

export const Mail = z.object({
  id: Id,
  template: z.string(),
  status: MailStatus.describe('kept: no mail server is configured'),
  attempts: z.int(),
  last_error: z.string().nullable(),
  created_at: Instant,
  sent_at: Instant.nullable(),
  to: z.string().nullable().describe('Null in production, as are subject and text'),
  subject: z.string().nullable(),
  text: z.string().nullable(),
})
export type Mail = z.output<typeof Mail>

export const MailQuery = z.strictObject({ ...Page, status: MailStatus.optional() })

export const mailApi = {
  list: {
    method: 'GET',
    path: '/api/v1/mails',
    summary: 'The outbox, newest first',
    access: 'operation:read',
    audit: { action: 'mail.list', resource_type: 'mail' },
    query: MailQuery,
    returns: [200, ListOf(Mail)],
    problems: [],
  },
} as const satisfies Api
