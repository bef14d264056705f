// Who outside is told of events: other programs of the hospital, by signed requests (Standard Webhooks).
import { z } from 'zod'
import { Id, Instant, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'

const Types = z
  .array(
    z
      .string()
      .regex(
        /^([a-z_]{1,40}\.([a-z_]{1,60}|\*)|\*)$/,
        'Must be a type of event such as appointment.booked, or appointment.*, or *',
      ),
  )
  .min(1)
  .max(50)
  .describe('Types of events; `appointment.*` for all of a kind, `*` for all there are and will be')

export const Webhook = z.object({
  id: Id,
  url: z.string(),
  description: z.string().nullable(),
  types: z.array(z.string()),
  is_active: z.boolean(),
  state: z
    .enum(['working', 'failing', 'paused', 'inactive'])
    .describe(
      'failing: the latest telling failed; paused: five failed in a row, and one at a time is tried until one succeeds',
    ),
  paused_until: Instant.nullable(),
  last_success_at: Instant.nullable(),
  last_failure_at: Instant.nullable(),
  last_failure: z.string().nullable(),
  waiting: z.int().describe('Tellings that are on their way, counted up to 1,000'),
  dead: z.int().describe('Those that were given up, counted up to 1,000'),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
})
export type Webhook = z.output<typeof Webhook>

export const NewWebhook = z.strictObject({
  url: z.string().max(500).describe('https, port 443 or 8443, outside or listed in OPENWARD_WEBHOOK_ALLOWED_HOSTS'),
  description: Text(200).optional(),
  types: Types,
  is_active: z.boolean().default(true),
})
export type NewWebhook = z.output<typeof NewWebhook>

export const WebhookChange = z.strictObject({
  description: Text(200).nullable().optional(),
  types: Types.optional(),
  is_active: z.boolean().optional().describe('What happens while it is inactive is not told later'),
})
export type WebhookChange = z.output<typeof WebhookChange>

const params = z.strictObject({ webhook_id: Id })

export const webhookApi = {
  list: {
    method: 'GET',
    path: '/api/v1/webhooks',
    summary: 'Who is told of events',
    access: 'webhooks:read',
    audit: 'none',
    returns: [200, z.object({ items: z.array(Webhook) })],
    problems: [],
    background: true,
  },
  create: {
    method: 'POST',
    path: '/api/v1/webhooks',
    summary: 'Have another program told of events',
    description:
      'It is told of whatever happens from now on, whoever it is about, with ids and types only. Each telling is signed with ' +
      '`secret`, which is shown here and never again.',
    access: 'webhooks:write',
    audit: { action: 'webhook.create', resource_type: 'webhook' },
    body: NewWebhook,
    example: {
      url: 'https://integration.example.org/openward',
      description: 'Laboratory',
      types: ['appointment.*', 'patient.merged'],
    },
    returns: [201, Webhook.extend({ secret: z.string() })],
    problems: [],
    versioned: true,
    secret: true,
  },
  read: {
    method: 'GET',
    path: '/api/v1/webhooks/{webhook_id}',
    summary: 'A webhook, and how it is doing',
    access: 'webhooks:read',
    audit: 'none',
    params,
    returns: [200, Webhook],
    problems: [notFound],
    versioned: true,
    background: true,
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/webhooks/{webhook_id}',
    summary: 'Change what a webhook is told, or switch it off and on',
    description: 'The address stays: another one is another webhook, with a secret of its own.',
    access: 'webhooks:write',
    audit: { action: 'webhook.update', resource_type: 'webhook' },
    params,
    body: WebhookChange,
    accepts: 'merge_patch',
    example: { is_active: false },
    returns: [200, Webhook],
    problems: [notFound],
    versioned: true,
  },
  remove: {
    method: 'DELETE',
    path: '/api/v1/webhooks/{webhook_id}',
    summary: 'Tell it nothing more, and forget what it was told',
    access: 'webhooks:write',
    audit: { action: 'webhook.delete', resource_type: 'webhook' },
    params,
    returns: [204, null],
    problems: [notFound],
    versioned: true,
  },
} as const satisfies Api
