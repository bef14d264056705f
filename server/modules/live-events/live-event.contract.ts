// What happens, as it happens: server-sent events, to each person what they may see.
import { z } from 'zod'
import { Id, QueryBoolean } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem } from '#platform/contract/problem.ts'

export const tooManyStreams = defineProblem(
  'too_many_streams',
  429,
  'Too many event streams are open in this session: close one, or share it',
)

/** A type, or all of a kind. */
export const EventPattern = z
  .string()
  .regex(/^[a-z_]{1,40}\.([a-z_]{1,60}|\*)$/, 'Must be a type of event such as appointment.booked, or appointment.*')

export const EventQuery = z.strictObject({
  types: z
    .string()
    .max(2000)
    .transform((text) => text.split(','))
    .pipe(z.array(EventPattern).max(50))
    .optional()
    .describe(
      'Comma-separated: `appointment.booked`, or `appointment.*` for all of a kind; everything where it is left out',
    ),
  patient_id: Id.optional().describe('Only what is about this patient'),
  follow: QueryBoolean.default(true).describe('false: sends what there is since Last-Event-ID, and ends'),
})
export type EventQuery = z.output<typeof EventQuery>

export const liveEventApi = {
  follow: {
    method: 'GET',
    path: '/api/v1/events',
    summary: 'What happens, as it happens',
    description:
      'Server-sent events. `event` is the type and `data` is JSON with `id`, `type`, `subject_type`, `subject_id`, `patient_id`, ' +
      '`payload` and `created_at`: ids and codes, never a value of a person. Sent is what is about a record that the caller reaches ' +
      'at that moment. Each is sent at least once: repeats have the same `id` in `data`. The `id` of the message goes into ' +
      '`Last-Event-ID` when the stream is opened again. `event: reset` says that what came since is not known any more: read anew ' +
      'what you show. `event: end` says why the server ends the stream: `session_ended` or `rights_changed`. Following is no ' +
      'activity: it keeps no session awake.',
    access: 'signed_in',
    audit: { action: 'event.follow', resource_type: 'event' },
    query: EventQuery,
    returns: [200, z.unknown().meta({ type: 'string', description: 'Messages of the event stream format of HTML' })],
    problems: [tooManyStreams],
    sends: 'event_stream',
    background: true,
  },
} as const satisfies Api
