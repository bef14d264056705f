// The OpenAPI 3.1 document, made from the operations: every route, every status, with examples.
import { z } from 'zod'
import { type Operation, takesIdempotencyKey } from './operation.ts'
import {
  conflict,
  forbidden,
  idempotencyInFlight,
  idempotencyMismatch,
  invalidRequest,
  malformed,
  notFound,
  overloaded,
  outcomeUnknown,
  passwordChangeRequired,
  type ProblemKind,
  sessionEnded,
  stale,
  tooLarge,
  tooManyRequests,
  unauthenticated,
  unavailable,
  unexpected,
  unsupportedMediaType,
} from './problem.ts'

export type NamedOperation = { id: string; operation: Operation }

const mediaTypes = {
  json: 'application/json',
  merge_patch: 'application/merge-patch+json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
  upload: 'multipart/form-data',
  zip: 'application/zip',
  file: 'application/octet-stream',
  text: 'text/plain',
  html: 'text/html',
  pdf: 'application/pdf',
  event_stream: 'text/event-stream',
  calendar: 'text/calendar',
}

/** Every problem that an operation may answer: its own, and those of the way to it. */
export function problemsOf(operation: Operation): ProblemKind[] {
  const { access, body, params, method, versioned, problems, knows_session, with_initial_password } = operation
  const all: ProblemKind[] = [...problems, malformed, tooManyRequests, unexpected, overloaded, unavailable]
  if (access !== 'public' || knows_session) all.push(unauthenticated, sessionEnded)
  if (access !== 'public' && !with_initial_password) all.push(passwordChangeRequired)
  if (access.includes(':')) all.push(forbidden)
  if (params) all.push(notFound)
  all.push(invalidRequest)
  if (body) all.push(tooLarge, unsupportedMediaType)
  if (versioned && method !== 'GET') all.push(stale)
  if (method !== 'GET') all.push(conflict, outcomeUnknown)
  if (takesIdempotencyKey(operation)) all.push(idempotencyInFlight, idempotencyMismatch)
  return [...new Map(all.map((problem) => [problem.code, problem])).values()]
}

export function openApiDocument(operations: readonly NamedOperation[]) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { id, operation } of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(id, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'OpenWard',
      version: '1',
      description: 'Hospital and clinic management: patients, schedules, appointments, and a record of who saw what.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ id }) => tagOf(id)))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code', 'correlation_id'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            instance: { type: 'string' },
            code: { type: 'string' },
            correlation_id: { type: 'string' },
            errors: {
              type: 'array',
              items: {
                type: 'object',
                required: ['path', 'code', 'message'],
                properties: { path: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  }
}

function describe(id: string, operation: Operation) {
  const [status, returned] = operation.returns
  return {
    operationId: id.replace('.', '_'),
    tags: [tagOf(id)],
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    security: operation.access !== 'public' ? [{ bearer: [] }] : operation.knows_session ? [{}, { bearer: [] }] : [],
    ...(operation.access.includes(':') ? { 'x-permission': operation.access } : {}),
    parameters: [
      ...parameters(operation, 'params', 'path'),
      ...parameters(operation, 'query', 'query'),
      ...headers(operation),
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: !operation.body.safeParse(undefined).success,
            content: {
              [mediaTypes[operation.accepts ?? 'json']]: {
                schema: schemaOf(operation.body, 'input'),
                ...(operation.example === undefined ? {} : { example: operation.example }),
              },
            },
          },
        }
      : {}),
    responses: {
      [status]: {
        description: 'Success',
        ...(operation.versioned
          ? { headers: { ETag: { schema: { type: 'string' }, description: 'The version, for If-Match' } } }
          : {}),
        ...(returned
          ? {
              content: {
                [mediaTypes[operation.sends ?? 'json']]: { schema: schemaOf(returned, 'output') },
                ...(operation.also_sends ? { 'text/csv': { schema: { type: 'string' } } } : {}),
              },
            }
          : {}),
      },
      ...(operation.waits && returned
        ? {
            202: {
              description: 'Taken, and not done yet',
              content: { [mediaTypes[operation.sends ?? 'json']]: { schema: schemaOf(returned, 'output') } },
            },
          }
        : {}),
      ...refusals(operation),
    },
  }
}

function refusals(operation: Operation) {
  const byStatus = new Map<number, ProblemKind[]>()
  for (const problem of problemsOf(operation))
    byStatus.set(problem.status, [...(byStatus.get(problem.status) ?? []), problem])
  return Object.fromEntries(
    [...byStatus].map(([status, problems]) => [
      status,
      {
        description: problems.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(
              problems.map(({ code, title }) => [
                code,
                {
                  value: {
                    type: `/problems/${code}`,
                    title,
                    status,
                    code,
                    correlation_id: '0198c0de-0000-7000-8000-000000000000',
                  },
                },
              ]),
            ),
          },
        },
      },
    ]),
  )
}

function parameters(operation: Operation, part: 'params' | 'query', place: 'path' | 'query') {
  const schema = operation[part]
  if (!schema) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function headers(operation: Operation) {
  const { method, versioned, sends, problems } = operation
  const all = []
  if (sends === 'event_stream') {
    all.push({
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      schema: { type: 'string', maxLength: 100 },
      description: 'The id that came last: what happened since is sent first',
    })
  }
  if (takesIdempotencyKey(operation)) {
    all.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      schema: { type: 'string', maxLength: 255 },
      description: 'A repeat with the same key returns the first answer',
    })
  }
  const isOfVersion = (versioned && method !== 'GET' && method !== 'POST') || problems.includes(stale)
  if (isOfVersion) {
    all.push({
      name: 'If-Match',
      in: 'header',
      required: false,
      schema: { type: 'string' },
      description: 'The ETag that you read',
    })
  }
  return all
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    reused: 'inline',
  })
  return described
}

function tagOf(id: string): string {
  return id.slice(0, id.indexOf('.'))
}
