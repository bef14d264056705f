// One HTTP operation, described once: it validates, authorises, serialises, documents, types the client and drives the tests.
import type { z } from 'zod'
import type { ProblemKind } from './problem.ts'

/**
 * Who may call: everyone, everyone signed in, or who holds a permission `resource:action`. The scope of that permission
 * (none, `:department`, `:own`) becomes the scope of the database.
 */
export type Access = 'public' | 'signed_in' | `${string}:${string}`

/**
 * The audit entry that one call leaves. `none` is for what touches no person's data. A GET, and a POST that `reads`, is
 * recorded before its answer leaves; a write records its own entry in its transaction.
 */
export type Audit = { action: string; resource_type: string; reads?: true } | 'none'

type Parts = { params?: z.ZodType; query?: z.ZodType; body?: z.ZodType }

export type Operation = Parts & {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: `/${string}`
  summary: string
  description?: string
  access: Access
  /** Of a `public` operation: whoever sends a bearer token is known to it, and refused where the token is not valid. */
  knows_session?: boolean
  audit: Audit
  /** The status and body of success; a null body sends none. */
  returns: readonly [status: number, body: z.ZodType | null]
  problems: readonly ProblemKind[]
  /** Sends `ETag` from the answer's `version` and honours `If-Match`. */
  versioned?: boolean
  /** Answers that hold a secret are never stored, so these take no Idempotency-Key. */
  secret?: boolean
  /** May rely on a cookie: refused to the pages of other sites, whatever they send. */
  own_pages_only?: boolean
  /** Open also to who has yet to choose a password of their own. */
  with_initial_password?: boolean
  /** Polling: does not keep a session awake. */
  background?: boolean
  /** Quick, and needed most when all else is stuck: goes by the connections that are kept free of other requests. */
  reserved?: boolean
  /** Whether an answer tells of something that is not done yet: it is sent with 202. */
  waits?: (answer: never) => boolean
  /** What the body may be; JSON unless said. An upload is a form whose file is received as it comes. */
  accepts?: 'json' | 'merge_patch' | 'form' | 'multipart' | 'upload'
  /** What success sends; JSON unless said. */
  sends?: 'json' | 'zip' | 'file' | 'pdf' | 'text' | 'html' | 'event_stream' | 'calendar'
  /** Beside JSON: what a handler answers as text is sent as a table (RFC 4180). */
  also_sends?: 'csv'
  /** RFC 6749 section 5.2: a failure also carries `error`, as an OAuth client expects it. Problem documents unless said. */
  fails_as?: 'oauth'
  /** Requests a minute: of one address where anyone may ask, of one user where one has to be signed in. */
  limit_per_minute?: number
  body_limit_bytes?: number
  /** Example of a valid body, shown in the reference and used by the contract tests. */
  example?: unknown
}

/** The parts of a request as JSON carries them, and as a handler receives them. */
export type Encoded<O extends Operation> = {
  [P in keyof Parts & keyof O as O[P] extends z.ZodType ? (MayLack<O[P]> extends true ? never : P) : never]: Input<O[P]>
} & { [P in keyof Parts & keyof O as MayLack<O[P]> extends true ? P : never]?: Input<O[P]> }
export type Decoded<O extends Operation> = {
  [P in keyof Parts & keyof O as O[P] extends z.ZodType ? P : never]: O[P] extends z.ZodType ? z.output<O[P]> : never
}
export type Returned<O extends Operation> = O['returns'][1] extends z.ZodType ? z.output<O['returns'][1]> : void

type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : never
type MayLack<Schema> = Schema extends z.ZodType ? (undefined extends z.input<Schema> ? true : false) : false

export type Api = Record<string, Operation>

/**
 * Whether a repeat with the same Idempotency-Key gets the first answer. A read is safe to repeat by itself, and is recorded each
 * time that it shows something.
 */
export function takesIdempotencyKey({ method, secret, access, audit }: Operation): boolean {
  const isRead = audit !== 'none' && audit.reads === true
  return method === 'POST' && !secret && !isRead && access !== 'public'
}
