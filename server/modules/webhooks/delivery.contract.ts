// What a webhook was told, or will be, or could not be.
import { z } from 'zod'
import { Id, Instant, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const deliveryWaiting = defineProblem(
  'delivery_waiting',
  409,
  'This is on its way already: it is sent by itself, at next_attempt_at at the latest',
)

export const DeliveryStatus = z.enum(['waiting', 'delivered', 'dead'])

export const Delivery = z.object({
  id: Id.describe('What the receiver is given as webhook-id, the same at each attempt'),
  event_id: Id,
  type: z.string(),
  subject_id: Id,
  status: DeliveryStatus.describe('dead: given up after ten attempts, or three days'),
  attempts: z.int().describe('Those that failed, but for the ones that found the webhook paused'),
  next_attempt_at: Instant.nullable(),
  attempted_at: Instant.nullable(),
  answered_status: z.int().nullable().describe('The status of the latest answer, where there was one'),
  failure: z.string().nullable().describe('Why the latest attempt failed, as a code'),
  created_at: Instant,
  settled_at: Instant.nullable(),
})
export type Delivery = z.output<typeof Delivery>

export const DeliveryQuery = z.strictObject({
  status: DeliveryStatus.optional(),
  limit: Page.limit,
  cursor: Page.cursor,
})
export type DeliveryQuery = z.output<typeof DeliveryQuery>

export const deliveryApi = {
  list: {
    method: 'GET',
    path: '/api/v1/webhooks/{webhook_id}/deliveries',
    summary: 'What a webhook was told, newest first; with status=dead what could not be delivered',
    description: 'Kept for 30 days.',
    access: 'webhooks:read',
    audit: 'none',
    params: z.strictObject({ webhook_id: Id }),
    query: DeliveryQuery,
    returns: [200, z.object({ items: z.array(Delivery), next_cursor: z.string().nullable() })],
    problems: [notFound],
    background: true,
  },
  replay: {
    method: 'POST',
    path: '/api/v1/webhooks/deliveries/{delivery_id}/replay',
    summary: 'Tell it again, at once',
    description: 'Under the same webhook-id, so that a receiver that has it knows it.',
    access: 'webhooks:write',
    audit: { action: 'webhook.replay', resource_type: 'webhook_delivery' },
    params: z.strictObject({ delivery_id: Id }),
    returns: [204, null],
    problems: [notFound, deliveryWaiting],
  },
} as const satisfies Api
