// From an operation and its handler to a route: policy, limits, validation, idempotency, audit and answer, in this order.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Api, Decoded, Operation, Returned } from '#platform/contract/operation.ts'
import {
  conflict,
  forbidden,
  type InvalidMember,
  invalidRequest,
  malformed,
  originRefused,
  passwordChangeRequired,
  Problem,
  type ProblemKind,
  unauthenticated,
  unsupportedMediaType,
} from '#platform/contract/problem.ts'
import { certain } from '#platform/certain.ts'
import { type Actor, type Context, holds, type System } from '#platform/context.ts'
import { RightsChanged } from '#platform/database/transaction.ts'
import type { Configuration } from '#platform/configuration.ts'
import { answerOnce } from './answer-once.ts'
import { isOfOwnPage } from './own-pages.ts'
import { readForm } from './form.ts'
import { recordRefusal } from './refusal-record.ts'
import { buildContext, versionOf } from './request-context.ts'
import { readUpload, type Receive } from './upload.ts'

type Answered<O extends Operation> = Returned<O> | (O extends { also_sends: 'csv' } ? string : never)
type Handler<O extends Operation> = (ctx: Context, input: Decoded<O>) => Promise<Answered<O>>
export type Route = {
  id: string
  operation: Operation
  handler: Handler<Operation>
  /** Takes the file of an upload. */
  receive?: Receive
}

/** Binds each operation of an API to its function. A missing or misspelt one does not compile. */
export function implement<const A extends Api>(
  name: string,
  api: A,
  handlers: { [K in keyof A]: Handler<A[K]> },
  receive?: Receive,
): Route[] {
  return Object.entries(api).map(([key, operation]) => ({
    id: `${name}.${key}`,
    operation,
    handler: handlers[key] as unknown as Handler<Operation>,
    ...(receive && operation.accepts === 'upload' ? { receive } : {}),
  }))
}

/** Who a bearer token stands for. `again` reads the rights afresh. @throws Problem unauthenticated or sessionEnded */
export type Authenticate = (token: string, again?: boolean) => Promise<Actor>

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor
    bearer: string | undefined
  }
}

const halfDone = 'Your rights were changed while this was being done: look what has been kept before you repeat it'
const anonymous: Actor = { permissions: new Set() }
/** Of an operation that states no limit of its own. */
const largestFileBytes = 26_214_400
const mediaTypes = {
  json: /^application\/json(; ?charset="?utf-8"?)?$/i,
  merge_patch: /^application\/(merge-patch\+)?json(; ?charset="?utf-8"?)?$/i,
  form: /^application\/x-www-form-urlencoded(; ?charset="?utf-8"?)?$/i,
  multipart: /^multipart\/form-data; ?boundary=[!-~]{1,70}$/i,
  upload: /^multipart\/form-data; ?boundary=[!-~]{1,72}$/i,
}

/** @throws Error when an operation declares no policy: the server must not start with a door that nobody guards */
export function mount(app: FastifyInstance, system: System, routes: readonly Route[], authenticate: Authenticate) {
  for (const { id, operation, handler, receive } of routes) {
    assertPolicy(id, operation)
    if (operation.accepts === 'upload' && !receive) throw new Error(`${id} takes an upload that nobody receives`)
    let decode: Decoder | undefined
    app.route({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: {
        operation_id: id,
        limit_per_minute: operation.limit_per_minute,
        is_public: operation.access === 'public',
        fails_as: operation.fails_as,
      },
      ...(operation.body_limit_bytes ? { bodyLimit: operation.body_limit_bytes } : {}),
      onRequest: [
        async (request, reply) => {
          const refusal =
            refusedOrigin(operation, request, system.configuration) ?? refusedMediaType(operation, request)
          if (!refusal) return
          // Whose token it brings was not asked yet.
          await app.countStranger?.(request, reply)
          throw refusal
        },
        async (request, reply) => {
          try {
            await identify(operation, request, authenticate)
            // Before anything is refused to them: a refusal is no less work, and is written down.
            await app.countUser?.(request, reply)
            await authorise(operation, request, authenticate)
          } catch (error) {
            if (error instanceof Problem && error.kind.status === 401) await app.countStranger?.(request, reply)
            if (error instanceof Problem && error.kind.status === 403) {
              await recordRefusal(buildContext(system, request, reply, operation), id, operation, error)
            }
            throw error
          }
        },
      ],
      async handler(request, reply) {
        const if_match = versionOf(request.headers['if-match'])
        const build = () => buildContext(system, request, reply, operation, if_match)
        let rc = build()
        let release: (() => Promise<void>) | undefined
        try {
          if (operation.accepts === 'multipart')
            request.body = await readForm(request, operation.body_limit_bytes ?? largestFileBytes)
          if (receive) {
            const most_bytes = system.configuration.upload_bytes
            const upload = await readUpload(rc.ctx, request, most_bytes, receive)
            request.body = upload.body
            release = () => upload.release()
          }
          const input = (decode ??= compileDecoder(operation))(request)
          const answer = () =>
            answerOnce(system, rc, id, operation, request, reply, async () => {
              try {
                const result = await handler(rc.ctx, input)
                // A search that memory alone could answer must not be one for somebody who was signed out elsewhere,
                await rc.assertSession()
                return result
              } catch (error) {
                // and no refusal may stand that memory alone decided, by rights that have changed since.
                if (error instanceof Problem && [403, 404].includes(error.kind.status)) await rc.assertSession()
                throw error
              }
            })
          try {
            return await answer()
          } catch (error) {
            if (!(error instanceof RightsChanged) || !request.bearer) throw error
            request.actor = await authenticate(request.bearer, true)
            if (rc.hasCommitted()) throw new Problem(conflict, { detail: halfDone }, error)
            assertPermitted(operation, request.actor)
            rc = build()
            return await answer()
          }
        } catch (error) {
          await recordRefusal(rc, id, operation, error)
          throw error
        } finally {
          await release?.()
        }
      },
    })
  }
}

function assertPolicy(id: string, { access, audit }: Operation) {
  if (!access || !audit)
    throw new Error(
      `${id} declares no policy: every operation says who may call it and what it leaves in the audit log`,
    )
  if (access !== 'public' && access !== 'signed_in' && !/^[a-z-]+:[a-z-]+$/.test(access))
    throw new Error(`${id} has an access that is no permission`)
}

async function identify(operation: Operation, request: FastifyRequest, authenticate: Authenticate) {
  const { authorization } = request.headers
  const bearer = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
  request.actor = anonymous
  if (operation.access === 'public' && !(operation.knows_session && authorization !== undefined)) return
  if (authorization !== undefined && !bearer)
    throw new Problem(unauthenticated, { detail: 'The Authorization header must hold a bearer token' })
  if (!bearer) throw new Problem(unauthenticated)
  request.bearer = bearer
  request.actor = await authenticate(bearer)
}

async function authorise(operation: Operation, request: FastifyRequest, authenticate: Authenticate) {
  if (!refusalOf(operation, request.actor)) return
  // The rights known here may be older than a grant: ask again before refusing.
  request.actor = await authenticate(certain(request.bearer, 'token'), true)
  assertPermitted(operation, request.actor)
}

function refusalOf({ access, with_initial_password }: Operation, actor: Actor): ProblemKind | undefined {
  if (access === 'public') return undefined
  if (actor.user_id === undefined || (access !== 'signed_in' && !holds(actor, access))) return forbidden
  return actor.must_change_password && !with_initial_password ? passwordChangeRequired : undefined
}

function assertPermitted(operation: Operation, actor: Actor) {
  const refusal = refusalOf(operation, actor)
  if (refusal) throw new Problem(refusal)
}

function refusedOrigin(
  { own_pages_only }: Operation,
  { headers: { origin, host } }: FastifyRequest,
  configuration: Configuration,
): Error | undefined {
  return own_pages_only && !isOfOwnPage({ origin, host }, configuration) ? new Problem(originRefused) : undefined
}

function refusedMediaType({ body, accepts = 'json' }: Operation, request: FastifyRequest): Error | undefined {
  const type = request.headers['content-type']
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  if (type === undefined) return hasBody ? new Problem(unsupportedMediaType) : undefined
  if (!body && !hasBody && accepts === 'json') return undefined
  return mediaTypes[accepts].test(type) ? undefined : new Problem(unsupportedMediaType)
}

type Decoder = (request: FastifyRequest) => Decoded<Operation>

/** Each part of a request against its schema; all wrong members are told at once. Made with the first request: together they take 0.2 s of a start. */
function compileDecoder(operation: Operation): Decoder {
  const parts = (['params', 'query', 'body'] as const).flatMap((part) => {
    const schema = operation[part]
    return schema ? [{ part, schema: z.compile(schema) }] : []
  })
  return (request) => {
    const errors: InvalidMember[] = []
    const decoded: Record<string, unknown> = {}
    for (const { part, schema } of parts) {
      const result = schema.safeParse(request[part] ?? undefined)
      if (result.success) decoded[part] = result.data
      else errors.push(...result.error.issues.flatMap((issue) => invalidMembers(part, issue)))
      if (part !== 'body') errors.push(...unstorable(part, request[part]))
    }
    if (!operation.query && Object.keys(request.query as object).length > 0) {
      errors.push({ path: '/query', code: 'unrecognized_keys', message: 'This address takes no query' })
    }
    if (!operation.body && request.body !== undefined && request.body !== null) {
      throw new Problem(malformed, { detail: 'This address takes no body' })
    }
    if (errors.length > 0) throw new Problem(invalidRequest, { errors })
    return decoded as Decoded<Operation>
  }
}

/** PostgreSQL holds no U+0000 in a text, and would fail at it; what an address or a query names lies there. */
function unstorable(part: string, given: unknown): InvalidMember[] {
  return Object.entries(given ?? {}).flatMap(([name, value]) =>
    typeof value === 'string' && value.includes('\u0000')
      ? [{ path: `/${part}/${escapePointer(name)}`, code: 'custom', message: 'Must not contain U+0000' }]
      : [],
  )
}

/** zod's issue as located members (RFC 6901); an unknown key is located itself, and no value is ever quoted. */
function invalidMembers(part: string, issue: z.core.$ZodIssue): InvalidMember[] {
  const at = (path: readonly PropertyKey[]) => `/${[part, ...path.map(String)].map(escapePointer).join('/')}`
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, 20).map((key) => ({
      path: at([...issue.path, key.slice(0, 60)]),
      code: 'unrecognized_key',
      message: 'This member is not known here',
    }))
  }
  const code = issue.code === 'custom' && typeof issue.params?.code === 'string' ? issue.params.code : issue.code
  return [{ path: at(issue.path), code, message: issue.message }]
}

function escapePointer(text: string): string {
  return text.replaceAll('~', '~0').replaceAll('/', '~1')
}

export type { FastifyReply }
