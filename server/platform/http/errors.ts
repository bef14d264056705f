// Every failure as a problem document: ours as declared, Fastify's by their status, everything else as a 500 that tells nothing.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import {
  conflict,
  integrityError,
  keyUnavailable,
  malformed,
  methodNotAllowed,
  notFound,
  overloaded,
  Problem,
  problemBody,
  type ProblemKind,
  requestTimeout,
  tooLarge,
  tooManyRequests,
  unavailable,
  unexpected,
  unsupportedMediaType,
} from '#platform/contract/problem.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { RightsChanged } from '#platform/database/transaction.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { securityHeaders } from './headers.ts'

const byStatus = new Map<number, ProblemKind>([
  [400, malformed],
  [404, notFound],
  [405, methodNotAllowed],
  [408, requestTimeout],
  [413, tooLarge],
  [415, unsupportedMediaType],
  [429, tooManyRequests],
  [503, overloaded],
])

export function installErrors(app: FastifyInstance, pathPatterns: () => { method: string; pattern: RegExp }[]) {
  app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(asProblem(error), request, reply, error))
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const allowed = pathPatterns().filter(({ pattern }) => pattern.test(path))
    if (allowed.length === 0) return sendProblem(new Problem(notFound), request, reply)
    reply.header('allow', [...new Set(allowed.map(({ method }) => method))].join(', '))
    return sendProblem(new Problem(methodNotAllowed), request, reply)
  })
}

/** For addresses that the router cannot read, where no hook runs: the headers that hooks would have set are set here. */
export function refuseAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  reply.headers({ ...securityHeaders, 'x-correlation-id': request.id, 'cache-control': 'no-store' })
  // A name longer than any of ours names nothing.
  return sendProblem(error.statusCode === 414 ? new Problem(notFound) : asProblem(error), request, reply, error)
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply, cause: unknown = problem) {
  const { status } = problem.kind
  if (status >= 500)
    request.log.error({ err: cause, code: problem.kind.code, correlation_id: request.id }, 'request failed')
  const { retry_after_seconds } = problem.members
  if (retry_after_seconds !== undefined) reply.header('retry-after', String(retry_after_seconds))
  else if (status === 503 || status === 429) reply.header('retry-after', '1')
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  const body = problemBody(problem, pathOf(request), request.id)
  if (request.routeOptions.config?.fails_as === 'oauth') {
    const failure = oauthFailure(problem)
    return reply
      .code(failure.status)
      .type('application/json')
      .serializer(JSON.stringify)
      .send({ ...body, ...failure })
  }
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

function pathOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?', 1)
  return path
}

/** RFC 6749 section 5.2: what the caller sent is status 400, and `error` says what was wrong with it. */
function oauthFailure({ kind: { code, status }, members: { detail }, message }: Problem) {
  const declared = ['invalid_grant', 'unsupported_grant_type'].find((error) => error === code)
  const error =
    declared ??
    (status === 403
      ? 'unauthorized_client'
      : status < 500 && status !== 429
        ? 'invalid_request'
        : 'temporarily_unavailable')
  return { status: [415, 422].includes(status) ? 400 : status, error, error_description: detail ?? message }
}

/** What a thrown value is to the caller. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof IntegrityError) return new Problem(integrityError, {}, error)
  if (error instanceof KeyUnavailable) return new Problem(keyUnavailable, { retry_after_seconds: 5 }, error)
  if (error instanceof RightsChanged)
    return new Problem(conflict, { detail: 'Your rights are being changed: repeat in a moment' }, error)
  if (isConnectionFault(error)) return new Problem(unavailable, { retry_after_seconds: 1 }, error)
  const { statusCode = 500 } = error as Partial<FastifyError>
  const kind = statusCode < 500 || statusCode === 503 ? (byStatus.get(statusCode) ?? malformed) : unexpected
  return new Problem(kind, {}, error)
}

/** For requests that Node's own parser refuses, before there is a request: the same shape, written by hand. */
export function refuseRawRequest(error: Error & { code?: string }, socket: Socket) {
  if (!socket.writable) return
  const kind = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? requestTimeout : malformed
  const body = JSON.stringify(problemBody(new Problem(kind), '', 'none'))
  const status = kind === requestTimeout ? '408 Request Timeout' : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  )
}
