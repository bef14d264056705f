// The outbox of events, as an administrator watches it: who has come how far in it, what was set aside, and what is in it.
import { z } from 'zod'
import { Id, Instant, Page } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'

export const EventRelay = z.object({
  name: z.string().describe('What it does with events: `notifications`, `waitlist`, `webhooks`'),
  waiting: z.int().describe('Events that it has not come to yet, counted up to 1,000'),
  waiting_since: Instant.nullable().describe('When the oldest of them happened'),
  set_aside: z.int().describe('Events that it could not take and passed over, counted up to 1,000'),
})
export type EventRelay = z.output<typeof EventRelay>

export const SetAsideEvent = z.object({
  relay: z.string(),
  event_id: Id,
  type: z.string().nullable().describe('Null where the event is gone: events are kept for 30 days'),
  subject_type: z.string().nullable(),
  subject_id: Id.nullable(),
  code: z.string().describe('Why, as a code; the log of the server says more under the id of the event'),
  failed_at: Instant,
  replay_requested_at: Instant.nullable().describe('It is about to be tried again'),
})
export type SetAsideEvent = z.output<typeof SetAsideEvent>

export const OutboxOverview = z.object({
  relays: z.array(EventRelay),
  set_aside: z.array(SetAsideEvent).describe('The latest 100, newest first'),
})
export type OutboxOverview = z.output<typeof OutboxOverview>

export const OutboxEvent = z.object({
  id: Id,
  type: z.string(),
  subject_type: z.string(),
  subject_id: Id,
  created_at: Instant,
  is_waiting: z.boolean().describe('Whether a relay has not come to it yet'),
  deliveries: z
    .object({ waiting: z.int(), delivered: z.int(), dead: z.int() })
    .describe('How many webhooks will be told of it, were told, and could not be'),
})
export type OutboxEvent = z.output<typeof OutboxEvent>

export const OutboxQuery = z.strictObject({
  type: z
    .string()
    .max(120)
    .regex(/^[a-z_]{1,40}\.[a-z_]{1,60}$/, 'Must be a type of event such as appointment.booked')
    .optional(),
  limit: Page.limit,
  cursor: Page.cursor,
})
export type OutboxQuery = z.output<typeof OutboxQuery>

export const eventGone = defineProblem(
  'event_gone',
  409,
  'This event is not kept any more, so it cannot be tried again: events are kept for 30 days',
)

export const outboxApi = {
  overview: {
    method: 'GET',
    path: '/api/v1/event-outbox',
    summary: 'How far each relay has come in the events, and what was set aside',
    access: 'operation:read',
    audit: 'none',
    returns: [200, OutboxOverview],
    problems: [],
    background: true,
  },
  list: {
    method: 'GET',
    path: '/api/v1/event-outbox/events',
    summary: 'The events of the last 30 days, newest first, and which webhooks were told of each',
    description: 'Ids and codes: neither the payload nor whom it is about.',
    access: 'operation:read',
    audit: 'none',
    query: OutboxQuery,
    returns: [200, z.object({ items: z.array(OutboxEvent), next_cursor: z.string().nullable() })],
    problems: [],
    background: true,
  },
  replay: {
    method: 'POST',
    path: '/api/v1/event-outbox/relays/{relay}/set-aside/{event_id}/replay',
    summary: 'Try again an event that a relay has set aside',
    description:
      'Within a second or two. Where it is taken it is gone from `set_aside`; where it fails once more it is there as before, with the newest `code` and `failed_at`.',
    access: 'operation:write',
    audit: { action: 'event.replay', resource_type: 'event' },
    params: z.strictObject({ relay: z.string().max(60), event_id: Id }),
    returns: [204, null],
    problems: [notFound, eventGone],
  },
} as const satisfies Api
