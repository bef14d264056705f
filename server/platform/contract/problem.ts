// Expected failures: declared once, sent as RFC 9457 problem documents.

export type ProblemKind = { readonly code: string; readonly status: number; readonly title: string }

/** One rejected member of a request, located by a JSON Pointer (RFC 6901) from the request root. */
export type InvalidMember = { path: string; code: string; message: string }

/** `detail` is for the caller to read: never a person's data, SQL or a stack trace. */
export type Members = {
  detail?: string
  errors?: InvalidMember[]
  /** Seconds until a repeat makes sense; becomes the Retry-After header. */
  retry_after_seconds?: number
  [extension: string]: unknown
}

/** A patient whom the members of a problem tell of, and the thing of theirs that is named. For the audit entry, never for the caller. */
export type Named = { patient_id: string; resource_id?: string | undefined }

/** An expected failure. */
export class Problem extends Error {
  readonly kind: ProblemKind
  readonly members: Members
  named: readonly Named[] = []

  constructor(kind: ProblemKind, members: Members = {}, cause?: unknown) {
    super(members.detail ?? kind.title, { cause })
    this.name = 'Problem'
    this.kind = kind
    this.members = members
  }

  /** To name what a patient has is to read it: the refusal is recorded for each of them before it leaves. */
  naming(...named: Named[]): this {
    this.named = named
    return this
  }
}

/** Declares one kind of problem. The code is public API: it never changes once released. */
export function defineProblem<const S extends number>(code: string, status: S, title: string) {
  return { code, status, title } as const satisfies ProblemKind
}

export function problemBody({ kind, members }: Problem, instance: string, correlation_id: string) {
  const { code, status, title } = kind
  const { retry_after_seconds: _, ...extensions } = members
  return { type: `/problems/${code}`, title, status, instance, code, correlation_id, ...extensions }
}

// What any operation may answer.
export const malformed = defineProblem('malformed', 400, 'The request is not well-formed')
export const unauthenticated = defineProblem('unauthenticated', 401, 'Sign in to do this')
export const sessionEnded = defineProblem('session_ended', 401, 'The session has ended: sign in again')
export const forbidden = defineProblem('forbidden', 403, 'Your role does not allow this')
export const passwordChangeRequired = defineProblem(
  'password_change_required',
  403,
  'Choose another password with POST /api/v1/auth/password, then go on: this one opens nothing else',
)
export const originRefused = defineProblem(
  'origin_refused',
  403,
  'The session cookie is for the console of this server only',
)
export const notFound = defineProblem('not_found', 404, 'There is no such thing, or it is not yours to know')
export const methodNotAllowed = defineProblem('method_not_allowed', 405, 'This address does not know that method')
export const requestTimeout = defineProblem('request_timeout', 408, 'The request took too long to arrive')
export const conflict = defineProblem('conflict', 409, 'Someone else changed this at the same moment: read it again')
export const idempotencyInFlight = defineProblem(
  'idempotency_in_flight',
  409,
  'The first request with this Idempotency-Key is still running: repeat in a moment',
)
export const stale = defineProblem('stale_version', 412, 'The record has changed since you read it: read it again')
export const tooLarge = defineProblem('too_large', 413, 'The request is larger than this address accepts')
export const unsupportedMediaType = defineProblem(
  'unsupported_media_type',
  415,
  'This address does not accept that content type',
)
export const invalidRequest = defineProblem(
  'invalid_request',
  422,
  'The request does not follow its contract: each wrong member is named',
)
export const idempotencyMismatch = defineProblem(
  'idempotency_mismatch',
  422,
  'This Idempotency-Key was used for another request: make a new key',
)
export const tooManyRequests = defineProblem('quota_exceeded', 429, 'Too many requests: wait and repeat')
export const unexpected = defineProblem(
  'unexpected',
  500,
  'Something went wrong on our side: give the correlation id to your administrator',
)
export const integrityError = defineProblem(
  'integrity_error',
  500,
  'A stored value did not pass its integrity check: your administrator has been told',
)
export const overloaded = defineProblem('overloaded', 503, 'The server is busy: repeat in a moment')
export const unavailable = defineProblem('unavailable', 503, 'A part that this needs is down: repeat in a moment')
export const outcomeUnknown = defineProblem(
  'outcome_unknown',
  503,
  'The connection broke while saving: repeat with the same Idempotency-Key to learn the outcome',
)
export const keyUnavailable = defineProblem(
  'key_unavailable',
  503,
  'The key that opens this record is not at hand: your administrator can provide it',
)
